package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"go.uber.org/zap"
)

var (
	// ErrNewer reports a database that a newer program has migrated. Nothing was
	// changed.
	ErrNewer = errors.New("the database is newer than this program")

	// ErrPending reports migrations that are missing.
	ErrPending = errors.New("the database lacks migrations: run `app migrate up`, or set database.migrate to start")
)

// Migrations are the steps that make the tables of one module.
type Migrations interface {
	// Name of the module, unique, in small letters.
	Name() string

	// Versions returns how far the database is and how far the program can take it.
	Versions(ctx context.Context, db *DB) (have, want int64, err error)

	// Up takes the database as far as the program can, Down one step back.
	Up(ctx context.Context, db *DB) error
	Down(ctx context.Context, db *DB) error
}

// Files are migrations for goose, NUMBER_name.sql each, for one of the dialects in
// a folder sqlite or postgresql, for both at the top.
func Files(name string, files fs.FS) Migrations { return gooseFiles{name, files} }

type gooseFiles struct {
	name  string
	files fs.FS
}

func (g gooseFiles) Name() string { return g.name }

func (g gooseFiles) provider(db *DB) (*goose.Provider, error) {
	files := g.files
	if _, err := fs.Stat(files, string(db.Dialect())); err == nil {
		if files, err = fs.Sub(files, string(db.Dialect())); err != nil {
			return nil, err
		}
	}
	dialect := goose.DialectSQLite3
	if db.Dialect() == PostgreSQL {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, db.write, files, goose.WithTableName("migrations_"+g.name), goose.WithDisableGlobalRegistry(true))
}

func (g gooseFiles) Versions(ctx context.Context, db *DB) (have, want int64, err error) {
	p, err := g.provider(db)
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	have, err = p.GetDBVersion(ctx)
	return have, sources[len(sources)-1].Version, err
}

func (g gooseFiles) Up(ctx context.Context, db *DB) error {
	p, err := g.provider(db)
	if err == nil {
		_, err = p.Up(ctx)
	}
	return err
}

func (g gooseFiles) Down(ctx context.Context, db *DB) error {
	p, err := g.provider(db)
	if err == nil {
		_, err = p.Down(ctx)
	}
	return err
}

// Version tells how far the tables of a module are.
type Version struct {
	Module string `json:"module"`
	Have   int64  `json:"have"`
	Want   int64  `json:"want"`
}

// Versions returns how far the tables of each module are, by its name.
func (db *DB) Versions(ctx context.Context) ([]Version, error) {
	versions := make([]Version, len(db.migrations))
	for i, m := range db.migrations {
		have, want, err := m.Versions(ctx, db)
		if err != nil {
			return nil, fmt.Errorf("migrations of %s: %w", m.Name(), err)
		}
		versions[i] = Version{m.Name(), have, want}
	}
	return versions, nil
}

// Migrate does at a start what database.migrate says.
func (db *DB) Migrate(ctx context.Context) error {
	switch db.config.Migrate {
	case "start":
		return db.MigrateUp(ctx)
	case "check":
		versions, err := db.Versions(ctx)
		if err != nil {
			return err
		}
		pending, newer := compare(versions)
		return errors.Join(newer, pending)
	default:
		return nil
	}
}

// compare returns what is missing in the database and what is too new in it.
func compare(versions []Version) (pending, newer error) {
	var behind, ahead []string
	for _, v := range versions {
		is := fmt.Sprintf("%s is at %d of %d", v.Module, v.Have, v.Want)
		switch {
		case v.Have < v.Want:
			behind = append(behind, is)
		case v.Have > v.Want:
			ahead = append(ahead, is)
		}
	}
	if behind != nil {
		pending = fmt.Errorf("%w: %s", ErrPending, strings.Join(behind, ", "))
	}
	if ahead != nil {
		newer = fmt.Errorf("%w: %s", ErrNewer, strings.Join(ahead, ", "))
	}
	return pending, newer
}

// MigrateUp applies all that is missing, while no other process does. A database
// that is newer than the program is [ErrNewer], and left as it is.
func (db *DB) MigrateUp(ctx context.Context) error {
	return db.alone(ctx, func(db *DB) error {
		versions, err := db.Versions(ctx)
		if err != nil {
			return err
		}
		pending, newer := compare(versions)
		if newer != nil || pending == nil {
			return newer
		}
		for i, m := range db.migrations {
			if v := versions[i]; v.Have < v.Want {
				if err := m.Up(ctx, db); err != nil {
					return fmt.Errorf("migrate %s from %d to %d: %w", v.Module, v.Have, v.Want, err)
				}
				db.log.Info("migrated", zap.String("module", v.Module), zap.Int64("from", v.Have), zap.Int64("to", v.Want))
			}
		}
		return nil
	})
}

// MigrateDown takes the tables of a module one step back.
func (db *DB) MigrateDown(ctx context.Context, module string) error {
	i := slices.IndexFunc(db.migrations, func(m Migrations) bool { return m.Name() == module })
	if i < 0 {
		var names []string
		for _, m := range db.migrations {
			names = append(names, m.Name())
		}
		return fmt.Errorf("migrate down: no module %q has migrations; these have: %s", module, strings.Join(names, ", "))
	}
	return db.alone(ctx, func(db *DB) error {
		if err := db.migrations[i].Down(ctx, db); err != nil {
			return fmt.Errorf("migrate %s down: %w", module, err)
		}
		return nil
	})
}

// migrationLock is the key of the advisory lock under which processes migrate one
// PostgreSQL database.
const migrationLock = 0x6f73746f76 // "ostov"

// alone runs f, with a database whose statements may take their time, while no
// other process migrates. With SQLite the file lock of Open keeps others away.
func (db *DB) alone(ctx context.Context, f func(db *DB) error) error {
	if db.Dialect() == SQLite {
		return f(db)
	}
	patient := &DB{config: db.config, log: db.log, tracer: db.tracer, migrations: db.migrations}
	patient.config.StatementTimeout = 0
	if err := patient.connectPostgreSQL(); err != nil {
		return err
	}
	defer patient.Close() //nolint:errcheck // nothing of it is in use
	conn, err := patient.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for the migrations of another process: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock)) //nolint:errcheck // where it fails the connection has ended, and the lock with it
	return f(patient)
}
