package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"example.com/ostov/modules/telemetry"
)

var (
	// ErrInTx reports work that would wait for the connection of the transaction
	// in which it was called: it is to use that transaction.
	ErrInTx = errors.New("called inside a transaction, which it would wait for: use the transaction, or call it after")

	// ErrBusy reports that no connection became free within database.acquire_timeout.
	ErrBusy = errors.New("no connection became free")
)

// DB is the database of an application. Its methods may be called from any
// goroutine.
type DB struct {
	config     Config
	log        *zap.Logger
	tracer     trace.Tracer
	migrations []Migrations

	read  *sql.DB
	write *sql.DB       // SQLite: the one connection that writes; PostgreSQL: read
	turn  chan struct{} // SQLite: held by the one transaction that waits for write; nil with PostgreSQL
	pool  *pgxpool.Pool // nil with SQLite
	lock  *os.File      // nil with PostgreSQL, and before Open

	mu        sync.Mutex
	committed chan struct{} // closed by the next commit; nil where nobody waits for it
}

// New describes a database; [DB.Open] connects to it. What New holds already,
// Close gives back.
func New(p Params) (*DB, error) {
	if err := p.Config.Validate(); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if p.Log == nil {
		p.Log = zap.NewNop()
	}
	if p.Traces == nil {
		p.Traces = noop.NewTracerProvider()
	}
	db := &DB{
		config:     p.Config,
		log:        p.Log,
		tracer:     p.Traces.Tracer("example.com/ostov/modules/database"),
		migrations: slices.SortedFunc(slices.Values(p.Migrations), func(a, b Migrations) int { return strings.Compare(a.Name(), b.Name()) }),
	}
	connect := db.connectSQLite
	if db.Dialect() == PostgreSQL {
		connect = db.connectPostgreSQL
	}
	if err := connect(); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if p.Metrics != nil {
		if err := p.Metrics.Register(newCollector(db)); err != nil {
			return nil, errors.Join(fmt.Errorf("database: %w", err), db.Close())
		}
	}
	return db, nil
}

// Dialect returns which kind of database it is.
func (db *DB) Dialect() Dialect { return db.config.dialect() }

// place tells where it is, without secrets.
func (db *DB) place() string {
	if db.pool == nil {
		return db.config.path()
	}
	c := db.pool.Config().ConnConfig
	return fmt.Sprintf("%s on %s:%d", c.Database, c.Host, c.Port)
}

// Reader is for statements that change nothing. With SQLite it sees what is
// committed and refuses to write.
func (db *DB) Reader() *sql.DB { return db.read }

// Writer is for libraries that run statements of their own; with SQLite it has one
// connection, for which they wait. Others change data by [DB.InTx].
func (db *DB) Writer() *sql.DB { return db.write }

// Pool is the pool of a PostgreSQL database, nil with SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Open connects, and with SQLite takes the file for this process: it makes file
// and folder where there are none, and fails where another process has it.
func (db *DB) Open(ctx context.Context) error {
	open := db.openSQLite
	if db.Dialect() == PostgreSQL {
		open = db.openPostgreSQL
	}
	if err := open(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", db.place(), err)
	}
	return nil
}

// Close gives everything back. It waits for transactions and rows that are open.
func (db *DB) Close() error {
	var errs []error
	if db.write != db.read {
		errs = append(errs, db.write.Close())
	}
	errs = append(errs, db.read.Close())
	if db.pool != nil {
		db.pool.Close()
	}
	if db.lock != nil {
		if err := db.lock.Close(); !errors.Is(err, os.ErrClosed) { // a second time
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// InTx runs f in a transaction: what f did is committed where it returns nil, and
// undone where it returns an error, which InTx returns, or panics. The wait for a
// connection is bounded, see [ErrBusy], and first come, first served. The context that f
// gets belongs to the transaction; a call of InTx with it is [ErrInTx].
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context, tx *Tx) error) (err error) {
	if ctx.Value(txKey{db}) != nil {
		return fmt.Errorf("transaction: %w", ErrInTx)
	}
	ctx, span := db.tracer.Start(ctx, "transaction", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", string(db.Dialect()))))
	defer func() { telemetry.End(span, err) }()
	tx, err := db.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.release() // a panic of f passes through here, and undoes
	if err := f(context.WithValue(ctx, txKey{db}, true), tx); err != nil {
		return errors.Join(err, tx.rollback(ctx))
	}
	if err := tx.commit(ctx); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.committed != nil {
		close(db.committed)
		db.committed = nil
	}
	return nil
}

// Committed returns a channel that closes when a transaction of InTx is committed next.
func (db *DB) Committed() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.committed == nil {
		db.committed = make(chan struct{})
	}
	return db.committed
}

// txKey marks a context that belongs to a transaction of a database.
type txKey struct{ db *DB }
