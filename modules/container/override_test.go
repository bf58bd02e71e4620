package container_test

import (
	"strings"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/modules/container"
)

type (
	sender interface{ Send() string }
	smtp   struct{ _ int }
	fake   struct{ says string }
)

func (s *smtp) Send() string { return "smtp" }
func (f fake) Send() string  { return f.says }

// Contract B76, B92.
func TestTheLastOverrideWinsAndTheConstructorDoesNotRun(t *testing.T) {
	t.Parallel()

	var got sender
	built := 0
	c := newApp(
		fx.Module("mail", fx.Provide(func() sender { built++; return &smtp{} }), fx.Invoke(func(s sender) { got = s })),
		container.Override[sender](fake{"first"}),
		fx.Options(container.Override[sender](fake{"last"})),
	)
	if err := c.Build(); err != nil {
		t.Fatal(err)
	}
	if got.Send() != "last" || built != 0 {
		t.Errorf("the module got %s, the constructor ran %d times; want the last override and no run", got.Send(), built)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Contract B93.
func TestAnOverrideThatChangesNothingIsAnError(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		option fx.Option
		want   string
	}{
		{"nobody provides it", container.Override(&smtp{}), "container.Override[*container_test.smtp] changes nothing: nobody provides it"},
		{
			"provided as an interface",
			fx.Options(container.Override(&smtp{}), fx.Provide(func() sender { return &smtp{} }), fx.Invoke(func(sender) {})),
			"container.Override[*container_test.smtp] changes nothing: it is provided only as container_test.sender: override that",
		},
		{
			"nothing asks for it",
			fx.Options(container.Override(&smtp{}), fx.Provide(func() *smtp { return nil })),
			"container.Override[*container_test.smtp] changes nothing: nothing asks for it",
		},
		{"inside a module", fx.Module("m", container.Override(&smtp{})), "container.Override[*container_test.smtp]: it is not for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := newApp(tt.option).Build(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Build = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestAnOverrideIsRefusedByPlainFx(t *testing.T) {
	t.Parallel()

	if err := fx.New(fx.NopLogger, container.Override(&smtp{})).Err(); err == nil || !strings.Contains(err.Error(), "plain fx.New") {
		t.Errorf("fx.New fails with %v; want what is wrong", err)
	}
}
