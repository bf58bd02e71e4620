// Package command is the command line of a program made of modules: the service
// is run, checked and looked at, one subcommand per file.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	_ "time/tzdata" // schedules name time zones, which an image without files does not have

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"example.com/ostov/modules/container"
)

// Command makes a subcommand. Where its work wants the application, application
// describes one with the settings of the command line: [container.Get] builds it,
// and what constructors of it hold is released when the command is over. The
// error of its RunE ends the program as [container.Exit] says.
type Command = func(application func() *container.Container) *cobra.Command

// Run is a whole program: it does what args say with the application made of
// modules, and returns the exit code. more are the commands of modules that not
// every program has.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer, modules fx.Option, more ...Command) int {
	p := &program{process: container.Process{Stdout: stdout, Stderr: stderr}, modules: modules}
	return p.execute(ctx, args, more...)
}

// program is what the commands share.
type program struct {
	process   container.Process
	modules   fx.Option
	described []*container.Container // by the command, to be released
	code      int
}

func (p *program) execute(ctx context.Context, args []string, more ...Command) int {
	root := p.root(more)
	root.SetArgs(args)
	root.SetOut(p.process.Stdout)
	root.SetErr(p.process.Stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(p.process.Stderr, "%v: see %s --help\n", err, root.Name())
		return exitUsage
	}
	return p.code
}

// exitUsage is the exit code of wrong flags and arguments.
const exitUsage = 2

// root is `app`, which runs the service.
func (p *program) root(more []Command) *cobra.Command {
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
		cmd.Flags().StringSliceVar(&p.process.Only, "only", p.process.Only, "take only work of these `roles`, by comma: http, tcp, jobs; the others are built and not started")
	}
	root.AddCommand(run, versionCommand())
	for _, command := range append([]Command{checkCommand, configCommand, graphCommand, healthCommand, routesCommand}, more...) {
		root.AddCommand(command(p.describe))
	}
	p.adopt(root)
	return root
}

// describe describes the application for a command.
func (p *program) describe() *container.Container {
	c := container.New(p.process, p.modules)
	p.described = append(p.described, c)
	return c
}

// adopt makes the error of a command's work the end of the program. What is left
// to Cobra is wrong usage.
func (p *program) adopt(cmd *cobra.Command) {
	if work := cmd.RunE; work != nil {
		cmd.RunE = nil
		cmd.Run = func(cmd *cobra.Command, args []string) {
			err := work(cmd, args)
			for _, c := range p.described {
				err = errors.Join(err, c.Stop(cmd.Context())) // a constructor may hold something
			}
			p.code = container.Exit(p.process.Stderr, err)
		}
	}
	for _, sub := range cmd.Commands() {
		p.adopt(sub)
	}
}
