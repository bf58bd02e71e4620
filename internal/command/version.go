package command

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell what was built, from which commit, with which Go",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				fmt.Fprintln(cmd.OutOrStdout(), "built without module information")
				return
			}
			line := info.Main.Path + " " + info.Main.Version
			for _, s := range info.Settings {
				switch {
				case s.Key == "vcs.revision":
					line += " " + s.Value
				case s.Key == "vcs.modified" && s.Value == "true":
					line += " (modified)"
				}
			}
			fmt.Fprintln(cmd.OutOrStdout(), line, info.GoVersion)
		},
	}
}
