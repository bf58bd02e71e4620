// Command app is the service: all modules, run until a signal.
//
// What it is made of stands in modules/modules.go, what it can be told on the
// command line in internal/command, and how it starts and stops in lifecycle.
package main

import (
	"context"
	"io"
	"os"

	"example.com/ostov/internal/command"
	"example.com/ostov/modules"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program: what main does, for tests too. It returns the exit
// code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command.Run(ctx, args, stdout, stderr, modules.All())
}
