package database

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module gives *[DB], open and migrated from the start of whoever needs it to its
// stop; features add their tables to it with [Schema].
var Module = fx.Module("database",
	container.Section("database", DefaultConfig()),
	fx.Provide(provide),
	health.Provide(newCheck),
	fx.Invoke(func(*DB) {}), // opened and migrated where nobody asks for it, too
)

// Params are what [New] needs. Without Fx, Config will do.
type Params struct {
	fx.In

	Config     Config
	Log        *zap.Logger
	Metrics    prometheus.Registerer
	Traces     trace.TracerProvider
	Migrations []Migrations `group:"database.migrations"`
}

// Schema adds the [Migrations] that constructor returns.
func Schema(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.As(new(Migrations)), fx.ResultTags(`group:"database.migrations"`)))
}

// provide makes the database a part of the application before anything is made of
// it, so that it is open wherever it is given.
func provide(p Params, app *container.Container) (*DB, error) {
	db, err := New(p)
	if err != nil {
		return nil, err
	}
	return db, errors.Join(
		app.Append(lifecycle.Hook{Name: "database.pool", Cleanup: lifecycle.Close(db)}),
		app.Append(lifecycle.Hook{Name: "database.open", Setup: lifecycle.StartStop(db.Open, nil)}),
		app.Append(lifecycle.Hook{Name: "database.migrate", Setup: lifecycle.StartStop(db.Migrate, nil), LongStart: p.Config.MigrateTimeout}),
	)
}
