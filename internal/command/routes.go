package command

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
	httpserver "example.com/ostov/modules/http"
)

func routesCommand(application func() *container.Container) *cobra.Command {
	return &cobra.Command{
		Use:   "routes",
		Short: "List the routes of the public HTTP server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := container.Get[*httpserver.Server](application())
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, r := range server.Table() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", r.Method, r.Path, r.Handler)
			}
			return w.Flush()
		},
	}
}
