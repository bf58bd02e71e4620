// Command exports is a service with durable work: all modules of the application,
// a database, jobs, and a feature that uses them. It is the pattern to copy where a
// service needs a database: four lines more than cmd/app.
package main

import (
	"context"
	"io"
	"os"

	"go.uber.org/fx"

	"example.com/ostov/internal/command"
	"example.com/ostov/modules"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program. It returns the exit code. more is for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, more ...fx.Option) int {
	app := fx.Options(
		modules.All(),
		database.Module, // gives *database.DB
		jobs.Module,     // gives *jobs.Client
		Module,          // the feature
	)
	return command.Run(ctx, args, stdout, stderr, fx.Options(app, fx.Options(more...)),
		database.MigrateCommand, database.BackupCommand, jobs.Command)
}
