// Command app is the service: all modules, run until a signal.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	_ "time/tzdata" // schedules name time zones, which an image without files does not have

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program: what main does, for tests too. It returns the exit
// code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := &program{ctx: ctx, process: container.Process{Stdout: stdout, Stderr: stderr}, modules: modules.All()}
	root := p.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.Execute(); err != nil {
		fmt.Fprintf(stderr, "%v: see %s --help\n", err, root.Name())
		return exitUsage
	}
	return p.code
}

// exitUsage is the exit code of wrong flags and arguments.
const exitUsage = 2

// program is what the commands share.
type program struct {
	ctx     context.Context
	process container.Process
	modules fx.Option
	code    int
}

// root is `app`, which runs the service.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "app",
		Short:         "Run the service, or look at it without running it",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		Run:           p.run,
	}
	sources := &p.process.Sources
	root.PersistentFlags().StringArrayVar(&sources.Files, "config", sources.Files, "configuration `file`, repeatable, later ones win (default: app.yaml where it exists)")
	root.PersistentFlags().StringArrayVar(&sources.Set, "set", sources.Set, "one setting, `section.key=value`, repeatable; wins over files and environment")
	run := p.runCommand()
	for _, cmd := range []*cobra.Command{root, run} {
		cmd.Flags().StringVar(&p.process.Report, "report", p.process.Report, "write what each hook did in start and stop to `file`, as JSON")
	}
	root.AddCommand(run, p.checkCommand(), p.configCommand(), p.graphCommand(), p.routesCommand(), p.versionCommand())
	return root
}

// get builds the application and returns its T, nothing started; where that
// fails it says why and ok is false.
func get[T any](p *program) (t T, ok bool) {
	c := container.New(p.process, p.modules)
	t, err := container.Get[T](c)
	if err == nil {
		err = c.Stop(p.ctx) // a constructor may hold something
	}
	p.code = container.Exit(p.process.Stderr, err)
	return t, err == nil
}
