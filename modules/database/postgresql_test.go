package database_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/config"
	"example.com/ostov/modules/database"
)

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()

	url := databasetest.PostgreSQL(t)
	slow := database.Files("slow", fstest.MapFS{
		"001_slow.sql": {Data: []byte("-- +goose Up\nSELECT pg_sleep(2);\nCREATE TABLE slow (id INTEGER);\nINSERT INTO slow VALUES (1);\n")},
	})
	var all sync.WaitGroup
	for range 5 {
		db := describe(t, url, func(c *database.Config) { c.StatementTimeout = time.Second }, slow)
		all.Go(func() {
			if err := errors.Join(db.Open(t.Context()), db.Migrate(t.Context())); err != nil {
				t.Errorf("start = %v", err)
			}
			var rows int
			if err := db.Reader().QueryRowContext(t.Context(), "SELECT count(*) FROM slow").Scan(&rows); err != nil || rows != 1 {
				t.Errorf("slow has %d rows, %v; want 1", rows, err)
			}
		})
	}
	all.Wait()
}

func TestAStatementHasALimit(t *testing.T) {
	t.Parallel()

	db := open(t, databasetest.PostgreSQL(t), func(c *database.Config) { c.StatementTimeout = time.Second / 2 })
	_, err := db.Reader().ExecContext(t.Context(), "SELECT pg_sleep(60)")
	if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) || refused.Code != "57014" {
		t.Errorf("a statement of a minute = %v; want it cancelled", err)
	}
}

func TestAStartWaitsForPostgreSQL(t *testing.T) {
	t.Parallel()

	server := databasetest.NewServer(t)
	server.Stop(t)
	late := describe(t, server.URL, func(c *database.Config) { c.ConnectTimeout = 20 * time.Millisecond })
	if err := late.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "database.connect_timeout") {
		t.Errorf("Open while the server is down = %v; want it to name the limit", err)
	}
	db := describe(t, server.URL, func(c *database.Config) { c.ConnectTimeout = time.Minute }, notes)
	opened := make(chan error)
	go func() { opened <- db.Open(t.Context()) }()
	server.Start(t)
	if err := <-opened; err != nil {
		t.Errorf("Open while the server comes up = %v", err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Transactions fail while it is down, and go on when it is up again.
	server.Stop(t)
	insert := func(id int) error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error { return write(ctx, tx, id, "x") })
	}
	if err := insert(1); err == nil {
		t.Error("InTx succeeds without a server")
	}
	server.Start(t)
	if err := insert(2); err != nil {
		t.Errorf("InTx after the server came back = %v", err)
	}
	wantNotes(t, db, 1)
}

func TestAPasswordIsInNoError(t *testing.T) {
	t.Parallel()

	secret := "hunter2"
	for _, wrong := range []string{
		"postgres://user:" + secret + "@127.0.0.1:1/shop",
		"postgres://user:" + secret + "@127.0.0.1:port/shop",
		"postgres://user:" + secret + "/x@127.0.0.1/shop?sslmode=never",
		"mysql://user:" + secret + "@127.0.0.1/shop",
	} {
		c := database.DefaultConfig()
		c.URL, c.ConnectTimeout = config.NewSecret(wrong), time.Millisecond
		db, err := database.New(database.Params{Config: c})
		if err == nil {
			err = db.Open(t.Context())
			db.Close()
		}
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), url.QueryEscape(secret)) {
			t.Errorf("%q: the error is %v; want one without the password", wrong, err)
		}
	}
}
