package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check configuration and wiring without starting anything",
		Long: `Check loads the configuration and builds the application with its real
constructors. It opens no port and writes no file. The exit code is 0 where all
is well, 2 where the configuration is wrong and 1 where the wiring is.`,
		Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			if _, ok := get[*container.Container](p); ok {
				fmt.Fprintln(cmd.OutOrStdout(), "Configuration and wiring are fine.")
			}
		},
	}
}
