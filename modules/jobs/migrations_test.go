package jobs_test

import (
	"testing"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

// Contract B151.
func TestMigrationsGoOnFromEachStepThatADeadProgramReached(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		m, newest := jobs.Migrations(nil), int64(1)
		for step := int64(0); step <= newest; step++ {
			take(t, db, int(step))
			have, want, err := m.Versions(t.Context(), db)
			if err != nil || have != step {
				t.Errorf("after step %d: at %d of %d, %v", step, have, want, err)
			}
			newest = want
			if err := m.Up(t.Context(), db); err != nil {
				t.Errorf("up from step %d: %v", step, err)
			}
			if have, _, err := m.Versions(t.Context(), db); err != nil || have != newest {
				t.Errorf("up from step %d: at %d of %d, %v", step, have, newest, err)
			}
		}
	})
}

// take takes River's tables to a version, or away where it is 0.
func take(t *testing.T, db *database.DB, version int) {
	t.Helper()
	if db.Dialect() == database.SQLite {
		takeBy(t, riversqlite.New(db.Writer()), version)
	} else {
		takeBy(t, riverpgxv5.New(db.Pool()), version)
	}
}

func takeBy[TTx any](t *testing.T, driver riverdriver.Driver[TTx], version int) {
	t.Helper()
	m, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Migrate(t.Context(), rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1}); err != nil {
		t.Fatal(err)
	}
	if version > 0 {
		if _, err := m.Migrate(t.Context(), rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: version}); err != nil {
			t.Fatal(err)
		}
	}
}
