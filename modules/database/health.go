package database

import (
	"context"
	"errors"
	"fmt"

	"example.com/ostov/health"
)

// newCheck is ready where the database takes a change. That all connections are in
// use is no failure.
func newCheck(db *DB) health.Check {
	return health.Ready.Check("database", func(ctx context.Context) error {
		err := db.probe(ctx)
		if err == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) && db.full() {
			return nil
		}
		return fmt.Errorf("%s: %w", db.Dialect(), err)
	})
}

// probe writes, with SQLite: a full or broken disk is not seen by reading.
func (db *DB) probe(ctx context.Context) error {
	if db.Dialect() == PostgreSQL {
		return db.pool.Ping(ctx)
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	if _, err := conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS database_probe (id INTEGER PRIMARY KEY, at TEXT) STRICT"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO database_probe (id, at) VALUES (1, datetime('now')) ON CONFLICT DO UPDATE SET at = excluded.at")
	return err
}

// full tells whether every connection is in use.
func (db *DB) full() bool {
	if db.pool != nil {
		return db.pool.Stat().AcquiredConns() == db.pool.Stat().MaxConns()
	}
	return db.write.Stats().InUse == 1
}
