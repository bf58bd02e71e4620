package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	httpserver "example.com/ostov/modules/http"
)

func (p *program) routesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "routes",
		Short: "List the routes of the public HTTP server",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			server, ok := get[*httpserver.Server](p)
			if !ok {
				return
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, r := range server.Table() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", r.Method, r.Path, r.Handler)
			}
			p.end(w.Flush())
		},
	}
}
