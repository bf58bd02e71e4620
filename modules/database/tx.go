package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Querier runs statements, as *sql.DB, *sql.Conn and *sql.Tx do.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Tx is a transaction of [DB.InTx], which ends it. It is for one goroutine, and for
// one thing at a time: rows are to be closed before the next statement.
type Tx struct {
	Querier

	conn *sql.Conn
	sql  *sql.Tx // SQLite
	pgx  pgx.Tx  // PostgreSQL, on conn
	done bool
}

// SQL is the transaction for libraries that take one of database/sql; nil with
// PostgreSQL. They must not end it.
func (tx *Tx) SQL() *sql.Tx { return tx.sql }

// PGX is the transaction for libraries that take one of pgx; nil with SQLite. They
// must not end it.
func (tx *Tx) PGX() pgx.Tx { return tx.pgx }

func (db *DB) begin(ctx context.Context) (*Tx, error) {
	limit := db.config.AcquireTimeout
	waiting, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w within %v", ErrBusy, limit))
	defer cancel()
	if db.turn != nil { // database/sql gives a connection to any of those that wait, so that some starve
		select {
		case db.turn <- struct{}{}:
			defer func() { <-db.turn }()
		case <-waiting.Done():
			return nil, context.Cause(waiting)
		}
	}
	conn, err := db.write.Conn(waiting)
	if cause := context.Cause(waiting); err != nil && errors.Is(cause, ErrBusy) {
		return nil, cause
	}
	if err != nil {
		return nil, err
	}
	tx := &Tx{conn: conn}
	if db.Dialect() == SQLite {
		tx.sql, err = conn.BeginTx(ctx, nil)
		tx.Querier = tx.sql
	} else {
		// pgx begins on the connection that database/sql has taken out of its pool:
		// both then speak in one transaction.
		err = conn.Raw(func(c any) error {
			tx.pgx, err = c.(*stdlib.Conn).Conn().Begin(ctx)
			return err
		})
		tx.Querier = conn
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return tx, nil
}

func (tx *Tx) commit(ctx context.Context) error {
	tx.done = true
	if tx.sql != nil {
		err := tx.sql.Commit()
		if ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
			return context.Cause(ctx) // it was undone as ctx ended
		}
		return err
	}
	return tx.pgx.Commit(ctx)
}

// rollback undoes. An error that only says that the connection is gone, and the
// transaction with it, is none.
func (tx *Tx) rollback(ctx context.Context) error {
	tx.done = true
	var err error
	if tx.sql != nil {
		err = tx.sql.Rollback()
	} else if !tx.pgx.Conn().IsClosed() {
		err = tx.pgx.Rollback(context.WithoutCancel(ctx))
	}
	if err == nil || errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxClosed) || tx.pgx != nil && tx.pgx.Conn().IsClosed() {
		return nil
	}
	return fmt.Errorf("roll back: %w", err)
}

// release gives the connection back.
func (tx *Tx) release() {
	if !tx.done {
		_ = tx.rollback(context.Background()) //nolint:forbidigo // f panics: the panic tells why
	}
	_ = tx.conn.Close() // to the pool, which looks after a broken one
}
