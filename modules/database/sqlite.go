package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// busyTimeout is how long SQLite waits for another process that writes, in
// milliseconds: `app jobs` beside the service, a backup.
const busyTimeout = "busy_timeout(5000)"

// connectSQLite makes the pools: one connection that writes, which is what SQLite
// allows, and others that read what is committed. Nothing is opened yet.
func (db *DB) connectSQLite() error {
	write, err := db.sqlitePool(url.Values{
		"_pragma":    {busyTimeout, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)"},
		"_txlock":    {"immediate"},
		"_defensive": {"1"},
	})
	if err != nil {
		return err
	}
	read, err := db.sqlitePool(url.Values{
		"_pragma":    {busyTimeout, "query_only(1)", "trusted_schema(0)"},
		"_defensive": {"1"},
	})
	if err != nil {
		return err
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(db.config.MaxConnections)
	read.SetMaxIdleConns(min(4, db.config.MaxConnections))
	db.write, db.read, db.turn = write, read, make(chan struct{}, 1)
	return nil
}

func (db *DB) sqlitePool(parameters url.Values) (*sql.DB, error) {
	file := (&url.URL{Path: filepath.ToSlash(db.config.path())}).EscapedPath()
	connector, err := sqlite.NewConnector("file:" + file + "?" + parameters.Encode())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func (db *DB) openSQLite(ctx context.Context) error {
	path := db.config.path()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	if err := db.openShared(ctx); err != nil { // Close may have been and gone
		return errors.Join(err, lock.Close())
	}
	db.lock = lock
	return nil
}

// OpenShared opens a SQLite file that another process may have open, for a look
// or a change that is over at once. With PostgreSQL it is Open.
func (db *DB) OpenShared(ctx context.Context) error {
	if db.Dialect() == PostgreSQL {
		return db.Open(ctx)
	}
	if _, err := os.Stat(db.config.path()); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := db.openShared(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", db.place(), err)
	}
	return nil
}

func (db *DB) openShared(ctx context.Context) error {
	file, err := os.OpenFile(db.config.path(), os.O_RDWR|os.O_CREATE, 0o600) // SQLite's own files have the mode of this one
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	var count int
	return db.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&count) // a file that is no database is told now
}

// copyTo copies by a connection of its own: those that read refuse to write, and
// the one that writes is needed.
func (db *DB) copyTo(ctx context.Context, path string) error {
	pool, err := db.sqlitePool(url.Values{"_pragma": {busyTimeout}})
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // nothing of it is in use
	_, err = pool.ExecContext(ctx, "VACUUM INTO $1", path)
	return err
}

// Backup writes a consistent copy of a SQLite database to a new file, while the
// application goes on. PostgreSQL has pg_dump.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.Dialect() != SQLite {
		return fmt.Errorf("back up %s: it is a PostgreSQL database: use pg_dump", db.place())
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // VACUUM INTO takes an empty file
	if err != nil {
		return fmt.Errorf("back up %s: %w", db.place(), err)
	}
	err = file.Close()
	if err == nil {
		err = db.copyTo(ctx, path)
	}
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("back up %s to %s: %w", db.place(), path, err)
	}
	return nil
}
