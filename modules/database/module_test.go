package database_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"example.com/ostov/apptest"
	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/telemetry"
)

// A feature that stands before the module finds it open and migrated.
func TestTheDatabaseIsOpenForWhoeverNeedsIt(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		var given struct {
			fx.In

			DB     *database.DB
			Health *health.Registry
		}
		feature := fx.Module("feature", fx.Invoke(func(db *database.DB, l fx.Lifecycle) {
			l.Append(fx.StartHook(func(ctx context.Context) error {
				return db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error { return write(ctx, tx, 1, "x") })
			}))
		}))
		app := apptest.StartOnly(t, feature, database.Module, database.Schema(func() database.Migrations { return notes }),
			apptest.Traced(), apptest.Set("database.url", url), fx.Populate(&given))
		wantNotes(t, given.DB, 1)
		if err := given.Health.Err(t.Context(), health.Ready); err != nil {
			t.Errorf("not ready: %v", err)
		}
		app.Span("transaction")
		if app.Metric("database_connections") == 0 || app.Metric("database_connections_max") == 0 {
			t.Error("no connection is counted")
		}
		app.Metric("database_waits_total")
		app.Metric("database_wait_seconds_total")
	})
}

func TestReadinessSaysThatTheServerIsGone(t *testing.T) {
	t.Parallel()

	server := databasetest.NewServer(t)
	var registry *health.Registry
	apptest.StartOnly(t, database.Module, apptest.Set("database.url", server.URL), fx.Populate(&registry))
	wait := func(want bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for look := time.NewTicker(50 * time.Millisecond); (registry.Err(ctx, health.Ready) == nil) != want; {
			select {
			case <-look.C:
			case <-ctx.Done():
				t.Fatalf("ready is %t for a minute; want %t: %v", !want, want, registry.Err(context.WithoutCancel(ctx), health.Ready))
			}
		}
	}
	wait(true)
	server.Stop(t)
	wait(false)
	server.Start(t)
	wait(true)
}

func TestADatabaseWhoseConnectionsAreAllInUseIsReady(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		var db *database.DB
		var checks struct {
			fx.In
			All []health.Check `group:"health"`
		}
		apptest.StartOnly(t, database.Module, apptest.Set("database.url", url), apptest.Set("database.max_connections", "2"), fx.Populate(&db, &checks))
		i := slices.IndexFunc(checks.All, func(c health.Check) bool { return c.Name == "database" })
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			return checks.All[i].Probe(ctx)
		}
		if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error {
			if db.Dialect() == database.SQLite {
				return ask()
			}
			return db.InTx(t.Context(), func(context.Context, *database.Tx) error { return ask() })
		}); err != nil {
			t.Errorf("the check says %v; want it ready", err)
		}
	})
}

// call runs a command as the command line does.
func call(t *testing.T, command func(func() *container.Container) *cobra.Command, url string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := container.New(container.Process{
		Stdout: &out, Stderr: &out, Sources: config.Sources{Environ: []string{}, Set: []string{"database.url=" + url}},
	}, container.Module, telemetry.Module, database.Module, database.Schema(func() database.Migrations { return notes }))
	cmd := command(func() *container.Container { return c })
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("%v: release: %v", args, err)
	}
	return out.String(), err
}

func TestTheCommandMigrates(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		for range 2 {
			if _, err := call(t, database.MigrateCommand, url, "up"); err != nil {
				t.Errorf("migrate up = %v", err)
			}
		}
		if out, err := call(t, database.MigrateCommand, url, "status"); err != nil || !strings.Contains(out, "notes  1 of 1") {
			t.Errorf("migrate status = %q, %v; want notes at 1 of 1", out, err)
		}
		if _, err := call(t, database.MigrateCommand, url, "down", "notes"); err != nil {
			t.Errorf("migrate down notes = %v", err)
		}
		out, err := call(t, database.MigrateCommand, url, "status", "--json")
		var versions []database.Version
		if json.Unmarshal([]byte(out), &versions) != nil || len(versions) != 1 || versions[0].Have != 0 || err == nil {
			t.Errorf("migrate status --json = %q, %v; want notes at 0, and an error that tells so", out, err)
		}
		if _, err := call(t, database.MigrateCommand, url, "down"); err == nil {
			t.Error("migrate down without a module succeeds")
		}
		if _, err := call(t, database.MigrateCommand, url, "down", "shop"); err == nil || !strings.Contains(err.Error(), "notes") {
			t.Errorf("migrate down shop = %v; want it to name the modules that there are", err)
		}
	})
}

func TestTheCommandBacksUpBesideTheService(t *testing.T) {
	t.Parallel()

	url := databasetest.SQLite(t)
	open(t, url, nil)
	file := filepath.Join(t.TempDir(), "copy.db")
	if out, err := call(t, database.BackupCommand, url, file); err != nil {
		t.Errorf("backup = %q, %v", out, err)
	}
	wantNotes(t, open(t, "file:"+file, nil), 0)
	if _, err := call(t, database.BackupCommand, databasetest.PostgreSQL(t), file+"2"); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("backup of PostgreSQL = %v; want it to name pg_dump", err)
	}
}
