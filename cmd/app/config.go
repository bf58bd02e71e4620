package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
)

func (p *program) configCommand() *cobra.Command {
	var asJSON bool
	show := &cobra.Command{
		Use:   "config",
		Short: "Show every setting, its value and where that comes from",
		Long: `Config shows the effective value of every setting and its source: a file and
line, a variable, a flag or the default. Secrets are masked.`,
		Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			settings, ok := get[*config.Config](p)
			if !ok {
				return
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "\t")
				p.end(encoder.Encode(settings.Values()))
				return
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, v := range settings.Values() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, v.Value, v.Source)
			}
			p.end(w.Flush())
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the names of the variables and what each setting means")
	show.AddCommand(&cobra.Command{
		Use:   "sample",
		Short: "Write a commented app.yaml with the defaults",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			parts, ok := get[sections](p)
			if ok {
				p.end(config.Sample(cmd.OutOrStdout(), parts.Sections))
			}
		},
	})
	return show
}

// sections are what the modules have added to the configuration.
type sections struct {
	fx.In

	Sections []config.Section `group:"config.sections"`
}

// end sets the exit code of a command that has done its work with err.
func (p *program) end(err error) { p.code = container.Exit(p.process.Stderr, err) }
