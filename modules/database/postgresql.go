package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectPostgreSQL makes the pool. Nothing is connected yet. What the URL says
// itself wins over the settings.
func (db *DB) connectPostgreSQL() error {
	pool, err := pgxpool.ParseConfig(db.config.URL.Reveal())
	if err != nil {
		return err
	}
	pool.MaxConns = int32(db.config.MaxConnections) //nolint:gosec // validated
	pool.MinConns, pool.MinIdleConns = 0, 0
	conn := &pool.ConnConfig.Config
	conn.ConnectTimeout = 5 * time.Second
	conn.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3, // a peer that is gone without a word is noticed within 25 seconds
	}}).DialContext
	if _, given := conn.RuntimeParams["statement_timeout"]; !given && db.config.StatementTimeout > 0 {
		conn.RuntimeParams["statement_timeout"] = strconv.FormatInt(db.config.StatementTimeout.Milliseconds(), 10)
	}
	db.pool, err = pgxpool.NewWithConfig(context.Background(), pool) //nolint:forbidigo // it only makes idle connections, of which there are none
	if err != nil {
		return err
	}
	db.read = stdlib.OpenDBFromPool(db.pool)
	db.write = db.read
	return nil
}

// openPostgreSQL waits until the database is up.
func (db *DB) openPostgreSQL(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.config.ConnectTimeout)
	defer cancel()
	for {
		err := db.pool.Ping(ctx)
		if refused := (*pgconn.PgError)(nil); err == nil || errors.As(err, &refused) && !comesUp(refused) {
			return err
		}
		retry := time.NewTimer(250 * time.Millisecond)
		select {
		case <-retry.C:
		case <-ctx.Done():
			retry.Stop()
			return fmt.Errorf("not up within database.connect_timeout, %v: %w", db.config.ConnectTimeout, err)
		}
	}
}

// comesUp tells whether a server that refuses will take connections soon.
func comesUp(err *pgconn.PgError) bool {
	const cannotConnectNow, tooManyConnections = "57P03", "53300"
	return err.Code == cannotConnectNow || err.Code == tooManyConnections
}
