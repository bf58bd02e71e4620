package jobs

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"example.com/ostov/modules/database"
)

// migrations are River's own, which bring its tables.
type migrations struct{ log *slog.Logger }

// Migrations returns what makes River's tables, for a database without Fx; with it
// [Module] adds them. A nil log is none.
func Migrations(log *slog.Logger) database.Migrations {
	return migrations{cmp.Or(log, slog.New(slog.DiscardHandler))}
}

// Name implements database.Migrations.
func (migrations) Name() string { return "river" }

// Versions implements database.Migrations.
func (m migrations) Versions(ctx context.Context, db *database.DB) (have, want int64, err error) {
	if db.Dialect() == database.SQLite {
		return versions(ctx, riversqlite.New(db.Writer()), m.log)
	}
	return versions(ctx, riverpgxv5.New(db.Pool()), m.log)
}

// Up implements database.Migrations.
func (m migrations) Up(ctx context.Context, db *database.DB) error {
	return m.migrate(ctx, db, rivermigrate.DirectionUp)
}

// Down implements database.Migrations.
func (m migrations) Down(ctx context.Context, db *database.DB) error {
	return m.migrate(ctx, db, rivermigrate.DirectionDown)
}

func (m migrations) migrate(ctx context.Context, db *database.DB, direction rivermigrate.Direction) error {
	if db.Dialect() == database.SQLite {
		return migrate(ctx, riversqlite.New(db.Writer()), m.log, direction)
	}
	return migrate(ctx, riverpgxv5.New(db.Pool()), m.log, direction)
}

func migrate[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], log *slog.Logger, direction rivermigrate.Direction) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err == nil {
		_, err = m.Migrate(ctx, direction, nil)
	}
	return err
}

func versions[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], log *slog.Logger) (have, want int64, err error) {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return 0, 0, err
	}
	all := m.AllVersions()
	want = int64(all[len(all)-1].Version)
	// Not by the migrator, which knows no version that is newer than it.
	executor := driver.GetExecutor()
	exists, err := executor.TableExists(ctx, &riverdriver.TableExistsParams{Table: "river_migration"})
	if err != nil || !exists {
		return 0, want, err
	}
	lines, err := executor.ColumnExists(ctx, &riverdriver.ColumnExistsParams{Table: "river_migration", Column: "line"})
	if err != nil {
		return 0, want, err
	}
	var applied []*riverdriver.Migration
	if lines {
		applied, err = executor.MigrationGetByLine(ctx, &riverdriver.MigrationGetByLineParams{Line: riverdriver.MigrationLineMain})
	} else { // a program that was killed early in its migrations left it so
		applied, err = executor.MigrationGetAllAssumingMain(ctx, &riverdriver.MigrationGetAllAssumingMainParams{})
	}
	for _, migration := range applied {
		have = max(have, int64(migration.Version))
	}
	return have, want, err
}
