package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

func checkCommand(application func() *container.Container) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check configuration and wiring without starting anything",
		Long: `Check loads the configuration and builds the application with its real
constructors. It opens no port and writes no file. The exit code is 0 where all
is well, 2 where the configuration is wrong and 1 where the wiring is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := application().Build()
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "Configuration and wiring are fine.")
			}
			return err
		},
	}
}
