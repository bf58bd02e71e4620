package command_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/internal/command"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A module's own command gets the application as the command line describes it.
func TestACommandOfAModuleUsesTheApplication(t *testing.T) {
	t.Parallel()

	released := false
	var stuck error
	app := fx.Options(modules.All(), fx.Invoke(func(l fx.Lifecycle) {
		l.Append(fx.StopHook(func() error { released = true; return stuck }))
	}))
	name := func(application func() *container.Container) *cobra.Command {
		return &cobra.Command{Use: "name", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := container.Get[container.Config](application())
			if err != nil {
				return err
			}
			cmd.Println(settings.Name)
			if settings.Name == "stuck" {
				stuck = errors.New("the release fails")
			}
			if settings.Name == "none" {
				return errors.New("the service has no name")
			}
			return nil
		}}
	}
	tests := []struct {
		args  []string
		code  int
		shown string
		built bool
	}{
		{args: []string{"name", "--set", "app.name=shop"}, code: 0, shown: "shop\n", built: true},
		{args: []string{"name", "--set", "app.name=none"}, code: 1, shown: "none\nthe service has no name\n", built: true},
		{args: []string{"name", "--set", "app.name=stuck"}, code: 1, shown: "the release fails\n", built: true},
		{args: []string{"name", "--set", "app.nome=shop"}, code: 2, shown: "app.nome"},
		{args: []string{"name", "shop"}, code: 2, shown: "--help"},
	}
	for _, tt := range tests {
		released, stuck = false, nil
		var shown bytes.Buffer
		code := command.Run(t.Context(), tt.args, &shown, &shown, app, name)
		if code != tt.code || !strings.Contains(shown.String(), tt.shown) || released != tt.built {
			t.Errorf("app %v = %d, %q, released: %t; want %d, %q, %t", tt.args, code, &shown, released, tt.code, tt.shown, tt.built)
		}
	}
}
