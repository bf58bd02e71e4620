package database_test

import (
	"context"
	"errors"
	"flag"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/config"
	"example.com/ostov/modules/database"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // these tests wait more than they compute
	goleak.VerifyTestMain(m)
}

// notes is the schema of the tests.
var notes = database.Files("notes", fstest.MapFS{
	"001_note.sql": {Data: []byte("-- +goose Up\nCREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n-- +goose Down\nDROP TABLE note;\n")},
})

// describe returns a database that is not open. It is closed with the test.
func describe(t *testing.T, url string, set func(*database.Config), migrations ...database.Migrations) *database.DB {
	t.Helper()
	c := database.DefaultConfig()
	c.URL = config.NewSecret(url)
	if set != nil {
		set(&c)
	}
	db, err := database.New(database.Params{Config: c, Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// open returns a database with the table note.
func open(t *testing.T, url string, set func(*database.Config)) *database.DB {
	t.Helper()
	db := describe(t, url, set, notes)
	if err := errors.Join(db.Open(t.Context()), db.Migrate(t.Context())); err != nil {
		t.Fatal(err)
	}
	return db
}

func write(ctx context.Context, tx *database.Tx, id int, text string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO note (id, text) VALUES ($1, $2)", id, text)
	return err
}

func wantNotes(t *testing.T, db *database.DB, want int) {
	t.Helper()
	var got int
	if err := db.Reader().QueryRowContext(context.WithoutCancel(t.Context()), "SELECT count(*) FROM note").Scan(&got); err != nil || got != want {
		t.Errorf("there are %d notes, %v; want %d", got, err, want)
	}
}

func TestATransactionIsWholeOrNothing(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := open(t, url, nil)
		boom := errors.New("boom")
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return errors.Join(write(ctx, tx, 1, "kept"), write(ctx, tx, 2, "kept"))
		}); err != nil {
			t.Errorf("InTx = %v", err)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			return errors.Join(write(ctx, tx, 3, "undone"), boom)
		}); !errors.Is(err, boom) {
			t.Errorf("InTx = %v; want the error of its function", err)
		}
		func() {
			defer func() {
				if v := recover(); v != boom {
					t.Errorf("recovered %v; want the panic of the function", v)
				}
			}()
			_ = db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				if err := write(ctx, tx, 4, "undone"); err != nil {
					t.Error(err)
				}
				panic(boom)
			})
		}()
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
			err := write(ctx, tx, 5, "undone")
			cancel()
			return err
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("InTx = %v although its context ended before the commit; want that", err)
		}
		wantNotes(t, db, 2)
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error { return write(ctx, tx, 6, "kept") }); err != nil {
			t.Errorf("InTx = %v after all that; want it to work", err)
		}
		wantNotes(t, db, 3)
	})
}

func TestATransactionInATransactionFailsAtOnce(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := open(t, url, nil)
		err := db.InTx(t.Context(), func(ctx context.Context, _ *database.Tx) error {
			return db.InTx(ctx, func(context.Context, *database.Tx) error { return nil })
		})
		if !errors.Is(err, database.ErrInTx) {
			t.Errorf("InTx in InTx = %v; want ErrInTx", err)
		}
	})
}

// Contract B147.
func TestTheWaitForAConnectionIsBounded(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := open(t, url, func(c *database.Config) { c.AcquireTimeout = 50 * time.Millisecond; c.MaxConnections = 2 })
		var within func(db *database.DB, n int) error // a transaction within n others
		within = func(db *database.DB, n int) error {
			return db.InTx(t.Context(), func(context.Context, *database.Tx) error { // with a context that does not know of the transaction
				if n == 0 {
					return nil
				}
				return within(db, n-1)
			})
		}
		connections := 1
		if db.Dialect() == database.PostgreSQL {
			connections = 2
			patient := describe(t, url, func(c *database.Config) { c.MaxConnections = 2 })
			if err := within(patient, 1); err != nil {
				t.Errorf("InTx with a free connection = %v", err)
			}
		}
		if err := within(db, connections); !errors.Is(err, database.ErrBusy) {
			t.Errorf("InTx with all connections in use = %v; want ErrBusy", err)
		}
	})
}

func TestACommitIsTold(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := open(t, url, nil)
		told := db.Committed()
		undone := errors.New("undone")
		if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error { return undone }); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		select {
		case <-told:
			t.Error("what was undone was told of as a commit")
		default:
		}
		if err := db.InTx(t.Context(), func(context.Context, *database.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		select {
		case <-told:
		default:
			t.Error("a commit was not told of")
		}
	})
}

// Contract B150.
func TestADatabaseThatDoesNotFitIsRefusedUntouched(t *testing.T) {
	t.Parallel()

	newer := database.Files("notes", fstest.MapFS{
		"001_note.sql": {Data: []byte("-- +goose Up\nCREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n")},
		"002_more.sql": {Data: []byte("-- +goose Up\nALTER TABLE note ADD COLUMN more TEXT;\n")},
	})
	other := database.Files("other", fstest.MapFS{"001_other.sql": {Data: []byte("-- +goose Up\nCREATE TABLE other (id INTEGER PRIMARY KEY);\n")}})
	databasetest.Each(t, func(t *testing.T, url string) {
		at := func(migrate string, want error, migrations ...database.Migrations) {
			t.Helper()
			db := describe(t, url, func(c *database.Config) { c.Migrate = migrate }, migrations...)
			defer db.Close()
			if err := errors.Join(db.Open(t.Context()), db.Migrate(t.Context())); !errors.Is(err, want) {
				t.Errorf("start with database.migrate=%s = %v; want %v", migrate, err, want)
			}
		}
		at("check", database.ErrPending, newer)
		at("start", nil, newer)
		at("check", nil, newer)
		at("start", database.ErrNewer, notes, other)
		at("check", database.ErrNewer, notes)
		at("off", nil, notes)
		db := describe(t, url, nil, newer, other)
		if err := db.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Versions(t.Context()); err != nil || got[0].Have != 2 || got[1].Have != 0 {
			t.Errorf("Versions = %v, %v; want notes at 2 and other at 0: the older program has changed nothing", got, err)
		}
	})
}

func TestAMigrationThatFailsFailsTheStart(t *testing.T) {
	t.Parallel()

	wrong := database.Files("wrong", fstest.MapFS{"001_wrong.sql": {Data: []byte("-- +goose Up\nCREATE TABEL wrong;\n")}})
	databasetest.Each(t, func(t *testing.T, url string) {
		db := describe(t, url, nil, wrong)
		if err := db.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); err == nil {
			t.Error("Migrate succeeds with a wrong migration")
		} else {
			t.Log(err)
		}
		if got, err := db.Versions(t.Context()); err != nil || got[0].Have != 0 {
			t.Errorf("Versions = %v, %v; want 0", got, err)
		}
	})
}
