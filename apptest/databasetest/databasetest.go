// Package databasetest gives tests a database of their own: a SQLite file, or a
// database on a PostgreSQL server that is started for the test binary and thrown
// away with it. Only test files import it.
package databasetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// SQLite returns the URL of a new SQLite database.
func SQLite(t testing.TB) string {
	return "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "app.db"))
}

// PostgreSQL returns the URL of a new, empty PostgreSQL database. The server is
// that of TEST_POSTGRES_URL, or a throwaway one. Where there is none the test is
// skipped; with CI=true it fails.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_POSTGRES_URL")
	if server == "" {
		s, err := shared()
		if err != nil {
			missing(t, err)
		}
		server = s.URL
	}
	name := "test_" + strings.ToLower(rand.Text()[:16])
	execute(t, server, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	database, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	database.Path = "/" + name
	return database.String()
}

func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("no PostgreSQL: %v (Debian: apt-get install postgresql)", err)
	}
	t.Skipf("no PostgreSQL, so only SQLite is tried: %v (Debian: apt-get install postgresql)", err)
}

// Each runs a test on both, side by side.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) string{"sqlite": SQLite, "postgresql": PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func execute(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to the PostgreSQL of the tests: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
