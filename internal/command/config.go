package command

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
)

func configCommand(application func() *container.Container) *cobra.Command {
	var asJSON bool
	show := &cobra.Command{
		Use:   "config",
		Short: "Show every setting, its value and where that comes from",
		Long: `Config shows the effective value of every setting and its source: a file and
line, a variable, a flag or the default. Secrets are masked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := container.Get[*config.Config](application())
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "\t")
				return encoder.Encode(settings.Values())
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, v := range settings.Values() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, v.Value, v.Source)
			}
			return w.Flush()
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the names of the variables and what each setting means")
	show.AddCommand(&cobra.Command{
		Use:   "sample",
		Short: "Write a commented app.yaml with the defaults",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := container.Get[*config.Config](application())
			if err != nil {
				return err
			}
			return settings.Sample(cmd.OutOrStdout())
		},
	})
	return show
}
