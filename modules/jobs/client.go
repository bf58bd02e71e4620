package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/modules/database"
	"example.com/ostov/modules/telemetry"
)

// rescueMargin is how much longer than any job may take one runs whose process has
// died, with PostgreSQL, where no lock tells which jobs were its own. The leader looks
// each half minute: all are freed within a minute more than the longest time-out.
const rescueMargin = 30 * time.Second

// Client inserts jobs and looks at them, and works them between Start and Stop. Its
// methods may be called from any goroutine.
type Client struct {
	config  Config
	db      *database.DB
	log     *slog.Logger
	river   engine
	watch   *watch
	workers int
}

// New makes a client that works nothing yet. It names all that is wrong with
// settings and workers at once.
func New(p Params) (*Client, error) {
	p.Log = cmp.Or(p.Log, slog.New(slog.DiscardHandler))
	workers := river.NewWorkers()
	kinds := make(map[string]bool)
	longest := p.Config.JobTimeout
	errs := []error{p.Config.Validate()}
	for _, r := range p.Workers {
		for _, kind := range r.kinds {
			kinds[kind] = true
		}
		longest = max(longest, r.timeout)
		errs = append(errs, r.add(workers))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	c := &Client{config: p.Config, db: p.DB, log: p.Log, watch: newWatch(p), workers: len(p.Workers)}
	settings := &river.Config{
		CancelledJobRetentionPeriod: p.Config.KeepCompleted,
		CompletedJobRetentionPeriod: p.Config.KeepCompleted,
		DiscardedJobRetentionPeriod: p.Config.KeepDiscarded,
		FetchCooldown:               p.Config.FetchCooldown,
		FetchPollInterval:           p.Config.FetchPollInterval,
		JobTimeout:                  p.Config.JobTimeout,
		Logger:                      p.Log,
		Middleware:                  []rivertype.Middleware{c.watch},
		PeriodicJobs:                p.Periodic,
		RescueStuckJobsAfter:        longest + rescueMargin,
		SoftStopTimeout:             p.Config.StopTimeout * 2 / 3,
		Workers:                     workers,
	}
	if len(p.Workers) > 0 {
		settings.Queues = make(map[string]river.QueueConfig)
		for _, q := range p.Config.Queues {
			settings.Queues[q.Name] = river.QueueConfig{MaxWorkers: q.Workers}
		}
	}
	guard := &guard{log: p.Log, kinds: kinds, stopping: p.Stopping, tell: p.DB.Dialect() == database.SQLite}
	var err error
	if p.DB.Dialect() == database.SQLite {
		listen := func() riverdriver.Listener { return &fileListener{db: p.DB} }
		c.river, err = newEngine(guarded[*sql.Tx]{riversqlite.New(p.DB.Writer()), guard, listen}, settings, (*database.Tx).SQL)
	} else {
		c.river, err = newEngine(guarded[pgx.Tx]{riverpgxv5.New(p.DB.Pool()), guard, nil}, settings, (*database.Tx).PGX)
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return c, nil
}

// Insert adds a job in a transaction of its own. Inside a transaction it is
// database.ErrInTx: that is for [Client.InsertTx].
func (c *Client) Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (inserted *rivertype.JobInsertResult, err error) {
	err = c.db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
		inserted, err = c.InsertTx(ctx, tx, args, opts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("insert job %s: %w", kind(args), err)
	}
	return inserted, nil
}

// InsertTx adds a job with the transaction: both are committed, or neither.
func (c *Client) InsertTx(ctx context.Context, tx *database.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	inserted, err := c.InsertManyTx(ctx, tx, []river.InsertManyParams{{Args: args, InsertOpts: opts}})
	if err != nil {
		return nil, err
	}
	return inserted[0], nil
}

// InsertMany adds jobs in a transaction of its own: all of them, or none. Inside a
// transaction it is database.ErrInTx: that is for [Client.InsertManyTx].
func (c *Client) InsertMany(ctx context.Context, jobs []river.InsertManyParams) (inserted []*rivertype.JobInsertResult, err error) {
	err = c.db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
		inserted, err = c.InsertManyTx(ctx, tx, jobs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("insert %d jobs: %w", len(jobs), err)
	}
	return inserted, nil
}

// InsertManyTx adds jobs with the transaction.
func (c *Client) InsertManyTx(ctx context.Context, tx *database.Tx, jobs []river.InsertManyParams) ([]*rivertype.JobInsertResult, error) {
	return c.river.insert(ctx, tx, jobs)
}

// CompleteTx completes a job in the transaction that holds its effect, so that there
// is exactly one effect, whatever dies when. It is called by the job's worker, with
// the context of Work, which then returns nil.
func CompleteTx[T river.JobArgs](ctx context.Context, tx *database.Tx, job *river.Job[T]) error {
	var err error
	if tx.SQL() != nil {
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx.SQL(), job)
	} else {
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx.PGX(), job)
	}
	if err != nil {
		return fmt.Errorf("complete job %d: %w", job.ID, err)
	}
	return nil
}

// Get returns a job; where there is none, or none any more, the error is
// rivertype.ErrNotFound.
func (c *Client) Get(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return of(id, "get")(c.river.JobGet(ctx, id))
}

// List returns the jobs that params select, a page at a time.
func (c *Client) List(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error) {
	return c.river.JobList(ctx, params)
}

// Retry makes a job available now, whatever its state was; one that runs is left as
// it is.
func (c *Client) Retry(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return of(id, "retry")(c.river.JobRetry(ctx, id))
}

// Cancel keeps a job from being worked again. Where it runs, its context ends.
func (c *Client) Cancel(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	return of(id, "cancel")(c.river.JobCancel(ctx, id))
}

// Subscribe tells of what becomes of the jobs that this process works, as that of
// River does. Without a worker there is nothing to hear.
func (c *Client) Subscribe(kinds ...river.EventKind) (<-chan *river.Event, func()) {
	if c.workers == 0 {
		return nil, func() {}
	}
	return c.river.Subscribe(kinds...)
}

// Start begins to work jobs, until Stop: the end of ctx ends no more than the start.
// With SQLite it frees the jobs first that a process which died has left running. A
// client without workers or queues does nothing.
func (c *Client) Start(ctx context.Context) error {
	if c.workers == 0 || len(c.config.Queues) == 0 {
		return nil
	}
	if c.db.Dialect() == database.SQLite {
		if err := c.river.free(ctx, c.log); err != nil {
			return fmt.Errorf("free the jobs that were left running: %w", err)
		}
	}
	if err := c.river.Start(telemetry.Untraced(ctx)); err != nil {
		return fmt.Errorf("start to work jobs: %w", err)
	}
	return nil
}

// Stop fetches no more jobs and waits for those that run. In the last third of
// jobs.stop_timeout they are cancelled; they are available again at once and the
// attempt does not count. What runs on is named and left behind.
func (c *Client) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.StopTimeout)
	defer cancel()
	if err := c.river.Stop(ctx); err != nil {
		_ = c.river.StopAndCancel(ctx) // ctx has ended: it cancels what runs, and returns
		return fmt.Errorf("stop working jobs: %w: %s", err, c.watch.left())
	}
	return nil
}

func kind(args river.JobArgs) string {
	if args == nil {
		return "without arguments"
	}
	return args.Kind()
}

// of says which job an error is about.
func of(id int64, what string) func(*rivertype.JobRow, error) (*rivertype.JobRow, error) {
	return func(row *rivertype.JobRow, err error) (*rivertype.JobRow, error) {
		if err != nil {
			return nil, fmt.Errorf("%s job %d: %w", what, id, err)
		}
		return row, nil
	}
}
