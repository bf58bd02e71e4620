package command

import (
	"runtime"

	"github.com/spf13/cobra"

	"example.com/ostov/modules/container"
)

func (p *program) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the service until a signal (default)",
		Long: `Run starts every module, prints where the service serves, and stops it all in
reverse at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at
once. The exit code is 0 after a clean stop, 1 where wiring, start, run or stop
failed, and 2 where usage or configuration is wrong.`,
		Args: cobra.NoArgs,
		Run:  p.run,
	}
}

func (p *program) run(cmd *cobra.Command, _ []string) {
	floor := holdHeap()
	p.code = container.Run(cmd.Context(), p.process, p.modules)
	runtime.KeepAlive(floor)
}
