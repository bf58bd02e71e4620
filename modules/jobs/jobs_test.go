package jobs_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/goleak"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/config"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "16") // these tests wait more than they compute
	goleak.VerifyTestMain(m)
}

// Call is a job whose work is that of the test.
type Call struct {
	Name string `json:"name"`
}

func (Call) Kind() string { return "call" }

// Other is a job of a kind that some programs do not know.
type Other struct{}

func (Other) Kind() string { return "other" }

// caller works calls.
type caller struct {
	river.WorkerDefaults[Call]
	work    func(ctx context.Context, job *river.Job[Call]) error
	timeout time.Duration
}

func (c *caller) Work(ctx context.Context, job *river.Job[Call]) error { return c.work(ctx, job) }
func (c *caller) Timeout(*river.Job[Call]) time.Duration               { return c.timeout }

func (c *caller) NextRetry(*river.Job[Call]) time.Time { return time.Now() } // at once

// effects is the schema of the tests.
var effects = database.Files("effects", fstest.MapFS{
	"001_effect.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effect (name TEXT NOT NULL);\n")},
})

// openDB returns a database with the tables of River and the table effect.
func openDB(t *testing.T, url string) *database.DB {
	t.Helper()
	c := database.DefaultConfig()
	c.URL, c.AcquireTimeout = config.NewSecret(url), time.Minute
	db, err := database.New(database.Params{Config: c, Migrations: []database.Migrations{effects, jobs.Migrations(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := errors.Join(db.Open(t.Context()), db.Migrate(t.Context())); err != nil {
		t.Fatal(err)
	}
	return db
}

// describe returns a client that does not work yet, quicker than the default, and
// patient in a stop: a machine under load takes seconds for what ends at once.
func describe(t *testing.T, db *database.DB, set func(*jobs.Params), workers ...jobs.Registration) *jobs.Client {
	t.Helper()
	p := jobs.Params{Config: jobs.DefaultConfig(), DB: db, Workers: workers}
	p.Config.FetchCooldown, p.Config.FetchPollInterval, p.Config.StopTimeout = 10*time.Millisecond, 100*time.Millisecond, time.Minute
	if set != nil {
		set(&p)
	}
	client, err := jobs.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func start(t *testing.T, client *jobs.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if err := client.Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel() // the end of a start does not end the work
	t.Cleanup(func() {
		if err := client.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// working returns a client that works calls.
func working(t *testing.T, db *database.DB, work func(ctx context.Context, job *river.Job[Call]) error) *jobs.Client {
	t.Helper()
	client := describe(t, db, nil, jobs.Register(&caller{work: work}))
	start(t, client)
	return client
}

func count(t *testing.T, db *database.DB, query string) (n int) {
	t.Helper()
	if err := db.Reader().QueryRowContext(context.WithoutCancel(t.Context()), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func change(t *testing.T, db *database.DB, statement string) {
	t.Helper()
	if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Contract B140.
func TestJobAndRowAreCommittedTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := describe(t, db, nil, jobs.Register(&caller{}))
		both := func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO effect (name) VALUES ($1)", "row")
			_, inserted := client.InsertTx(ctx, tx, Call{}, nil)
			return errors.Join(err, inserted)
		}
		boom := errors.New("boom")
		if err := db.InTx(t.Context(), both); err != nil {
			t.Errorf("InTx = %v", err)
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *database.Tx) error { return errors.Join(both(ctx, tx), boom) }); !errors.Is(err, boom) {
			t.Errorf("InTx = %v; want boom", err)
		}
		rows, inserted := count(t, db, "SELECT count(*) FROM effect"), count(t, db, "SELECT count(*) FROM river_job")
		if rows != 1 || inserted != 1 {
			t.Errorf("there are %d rows and %d jobs after a commit and a rollback; want one of each", rows, inserted)
		}
	})
}

// Contract B149.
func TestAnInsertInsideATransactionFailsAtOnce(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := describe(t, db, nil, jobs.Register(&caller{}))
		for name, insert := range map[string]func(context.Context) error{
			"Insert": func(ctx context.Context) error { _, err := client.Insert(ctx, Call{}, nil); return err },
			"InsertMany": func(ctx context.Context) error {
				_, err := client.InsertMany(ctx, []river.InsertManyParams{{Args: Call{}}})
				return err
			},
		} {
			if err := db.InTx(t.Context(), func(ctx context.Context, _ *database.Tx) error { return insert(ctx) }); !errors.Is(err, database.ErrInTx) {
				t.Errorf("%s in a transaction = %v; want database.ErrInTx", name, err)
			}
		}
	})
}

func TestAKindWithoutAWorkerIsRefused(t *testing.T) {
	t.Parallel()

	client := describe(t, openDB(t, databasetest.SQLite(t)), nil, jobs.Register(&caller{}))
	if _, err := client.Insert(t.Context(), Other{}, nil); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("Insert of a kind without a worker = %v; want an error that names it", err)
	}
	p := jobs.Params{Config: jobs.DefaultConfig(), DB: openDB(t, databasetest.SQLite(t)), Workers: []jobs.Registration{jobs.Register(&caller{}), jobs.Register(&caller{})}}
	if _, err := jobs.New(p); err == nil || !strings.Contains(err.Error(), "call") {
		t.Errorf("New with two workers of a kind = %v; want an error that names it", err)
	}
}

func TestAWorkerThatFailsIsTriedAgainUntilItsAttemptsAreSpent(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		client := working(t, openDB(t, url), func(_ context.Context, job *river.Job[Call]) error {
			if job.Args.Name == "panics" {
				panic("boom")
			}
			return errors.New("boom")
		})
		for _, name := range []string{"fails", "panics"} {
			inserted, err := client.Insert(t.Context(), Call{Name: name}, &river.InsertOpts{MaxAttempts: 2})
			if err != nil {
				t.Fatal(err)
			}
			job := jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateDiscarded)
			if job.Attempt != 2 || len(job.Errors) != 2 || !strings.Contains(job.Errors[1].Error, "boom") {
				t.Errorf("%s: after %d attempts the errors are %v; want two with boom", name, job.Attempt, job.Errors)
			}
		}
	})
}

func TestAJobIsSnoozedCancelledAndRetried(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		begun := make(chan struct{}, 1)
		client := working(t, openDB(t, url), func(ctx context.Context, job *river.Job[Call]) error {
			switch {
			case job.Args.Name == "waits":
				begun <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			case strings.Contains(string(job.Metadata), "snoozes"):
				return river.JobCancel(errors.New("enough"))
			default:
				return river.JobSnooze(0)
			}
		})
		inserted, err := client.Insert(t.Context(), Call{Name: "snoozes"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if job := jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateCancelled); job.Attempt != 1 {
			t.Errorf("after a snooze and a cancel it is at attempt %d; want 1", job.Attempt)
		}

		inserted, err = client.Insert(t.Context(), Call{Name: "waits"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, wants := range []int{1, 2} {
			<-begun
			if _, err := client.Cancel(t.Context(), inserted.Job.ID); err != nil {
				t.Fatal(err)
			}
			if job := jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateCancelled); job.Attempt != wants {
				t.Errorf("the job is at attempt %d; want %d", job.Attempt, wants)
			}
			if wants == 1 {
				if _, err := client.Retry(t.Context(), inserted.Job.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := client.Get(t.Context(), 1<<40); !errors.Is(err, rivertype.ErrNotFound) {
			t.Errorf("Get of a job that is not there = %v; want ErrNotFound", err)
		}
	})
}

func TestACompletionInTheTransactionIsOneEffect(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := working(t, db, func(ctx context.Context, job *river.Job[Call]) error {
			return db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO effect (name) VALUES ($1)", job.Args.Name)
				err = errors.Join(err, jobs.CompleteTx(ctx, tx, job))
				if job.Attempt == 1 {
					return errors.Join(err, errors.New("undone")) // and worked again
				}
				return err
			})
		})
		inserted, err := client.Insert(t.Context(), Call{Name: "x"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if job := jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateCompleted); job.Attempt != 2 {
			t.Errorf("completed at attempt %d; want 2: the first was undone", job.Attempt)
		}
		if n := count(t, db, "SELECT count(*) FROM effect"); n != 1 {
			t.Errorf("%d effects; want 1", n)
		}
	})
}
