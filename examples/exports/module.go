package main

import (
	"embed"
	"io/fs"

	"go.uber.org/fx"

	"example.com/ostov/modules/database"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/jobs"
)

// Module exports characters as files.
var Module = fx.Module("exports",
	database.Schema(newSchema),
	fx.Provide(newExports),
	httpserver.Routes(newRoutes),
	jobs.Worker[Export](newExporter),
)

//go:embed migrations/*.sql
var migrations embed.FS

func newSchema() (database.Migrations, error) {
	files, err := fs.Sub(migrations, "migrations")
	return database.Files("exports", files), err
}
