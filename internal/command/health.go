package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
)

// healthTimeout bounds the answer of a probe.
const healthTimeout = 2 * time.Second

func healthCommand(application func() *container.Container) *cobra.Command {
	var ready bool
	health := &cobra.Command{
		Use:   "health",
		Short: "Ask the service that runs on this machine whether it is alive",
		Long: `Health asks /livez, or with --ready /readyz, of the admin server at
admin.address, as the settings of this command line have it. The exit code is 0
where the answer is good, else 1. It is for health checks from within a
container, which needs no other program for it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := container.Get[*config.Config](application())
			if err != nil {
				return err
			}
			path := "/livez"
			if ready {
				path = "/readyz"
			}
			values := settings.Values()
			i := slices.IndexFunc(values, func(v config.Value) bool { return v.Key == "admin.address" })
			if i < 0 {
				return errors.New("health: there is no admin server to ask: this program has no setting admin.address")
			}
			return askHealth(cmd.Context(), values[i].Value, path)
		},
	}
	health.Flags().BoolVar(&ready, "ready", false, "ask whether it takes work, instead of whether it is alive")
	return health
}

// askHealth returns nil where the admin server at address says that all is well.
func askHealth(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	network := "tcp"
	if socket, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", socket
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address) // of all addresses it means this machine
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("health: ask %s of admin.address, which is %s: %w", path, address, err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("health: %s of %s answers %s", path, address, answer.Status)
	}
	return nil
}
