package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell what was built, from which commit, with which Go",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			built := container.ReadBuildInfo()
			line := built.Module + " " + built.Version
			if built.Revision != "" {
				line += " " + built.Revision
			}
			if built.Modified {
				line += " (modified)"
			}
			fmt.Fprintln(cmd.OutOrStdout(), line, built.Go)
		},
	}
}
