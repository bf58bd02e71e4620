// Package jobs measures durable jobs beside River used bare, with the same settings
// and in the same run: what the wiring costs. Workers are processes of their own.
package jobs

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	_ "modernc.org/sqlite"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/config"
	"example.com/ostov/modules/database"
	"example.com/ostov/modules/jobs"
)

const (
	asWorker = "TEST_BENCH" // makes the test binary a worker: ours or bare
	batch    = 20_000
	rounds   = 5
	probes   = 300 // of latency
	finished = 1_000_000

	workers       = 50
	fetchCooldown = 10 * time.Millisecond
	fetchPoll     = 50 * time.Millisecond
)

// Noop does nothing but tell when it began.
type Noop struct{}

func (Noop) Kind() string { return "noop" }

type worker struct {
	river.WorkerDefaults[Noop]
	began chan time.Time // nil: nobody looks
}

func (w *worker) Work(context.Context, *river.Job[Noop]) error {
	if w.began != nil {
		w.began <- time.Now()
	}
	return nil
}

func TestMain(m *testing.M) {
	if who := os.Getenv(asWorker); who != "" {
		if err := work(context.Background(), who, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work is a process that works jobs until its standard input ends.
func work(ctx context.Context, who, url string) error {
	start := ours
	if who == "bare" {
		start = bare
	}
	_, stop, err := start(ctx, url, &worker{})
	if err != nil {
		return err
	}
	fmt.Println("up")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, stop(ctx))
}

type action = func(context.Context) error

// ours works jobs as an application does.
func ours(ctx context.Context, url string, w *worker) (insert, stop action, err error) {
	c := database.DefaultConfig()
	c.URL = config.NewSecret(url)
	db, err := database.New(database.Params{Config: c, Migrations: []database.Migrations{jobs.Migrations(nil)}})
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(db.OpenShared(ctx), db.MigrateUp(ctx)); err != nil {
		return nil, nil, err
	}
	settings := jobs.DefaultConfig()
	settings.Queues = []jobs.Queue{{Name: river.QueueDefault, Workers: workers}}
	settings.FetchCooldown, settings.FetchPollInterval = fetchCooldown, fetchPoll
	client, err := jobs.New(jobs.Params{Config: settings, DB: db, Workers: []jobs.Registration{jobs.Register(w)}})
	if err != nil {
		return nil, nil, err
	}
	insert = func(ctx context.Context) error { _, err := client.Insert(ctx, Noop{}, nil); return err }
	stop = func(ctx context.Context) error { return errors.Join(client.Stop(ctx), db.Close()) }
	return insert, stop, client.Start(ctx)
}

// bare works jobs as River's documentation shows, with the same settings of the
// database.
func bare(ctx context.Context, address string, w *worker) (insert, stop action, err error) {
	all := river.NewWorkers()
	river.AddWorker(all, w)
	settings := &river.Config{
		FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll, Workers: all, Logger: slog.New(slog.DiscardHandler),
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
	}
	if path, ok := strings.CutPrefix(address, "file:"); ok {
		parameters := url.Values{
			"_pragma":    {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)"},
			"_txlock":    {"immediate"},
			"_defensive": {"1"},
		}
		db, err := sql.Open("sqlite", "file:"+path+"?"+parameters.Encode())
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1)
		client, err := river.NewClient(riversqlite.New(db), settings)
		if err != nil {
			return nil, nil, err
		}
		insert = func(ctx context.Context) error { _, err := client.Insert(ctx, Noop{}, nil); return err }
		return insert, func(ctx context.Context) error { return errors.Join(client.Stop(ctx), db.Close()) }, client.Start(ctx)
	}
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, nil, err
	}
	c.MaxConns = int32(database.DefaultConfig().MaxConnections)
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), settings)
	if err != nil {
		return nil, nil, err
	}
	insert = func(ctx context.Context) error { _, err := client.Insert(ctx, Noop{}, nil); return err }
	return insert, func(ctx context.Context) error { defer pool.Close(); return client.Stop(ctx) }, client.Start(ctx)
}

// prepare makes the tables, and fills them with jobs that are over.
func prepare(t *testing.T, url string, over int) *sql.DB {
	t.Helper()
	c := database.DefaultConfig()
	c.URL, c.StatementTimeout = config.NewSecret(url), 10*time.Minute
	db, err := database.New(database.Params{Config: c, Migrations: []database.Migrations{jobs.Migrations(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Open(t.Context()), db.MigrateUp(t.Context())); err != nil {
		t.Fatal(err)
	}
	if over > 0 {
		fill := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO river_job (args, attempt, kind, max_attempts, state, finalized_at, attempted_at, scheduled_at)
			SELECT jsonb('{}'), 1, 'noop', 25, 'completed', datetime('now', 'subsec'), datetime('now', 'subsec'), datetime('now', 'subsec') FROM n`
		analyze := "ANALYZE"
		if db.Dialect() == database.PostgreSQL {
			fill = `INSERT INTO river_job (args, attempt, kind, max_attempts, state, finalized_at, attempted_at, scheduled_at)
				SELECT '{}', 1, 'noop', 25, 'completed', now(), now(), now() FROM generate_series(1, $1)`
			analyze = "VACUUM ANALYZE river_job"
		}
		if _, err := db.Writer().ExecContext(t.Context(), fill, over); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Writer().ExecContext(t.Context(), analyze); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	beside, err := sql.Open("sqlite", url+"?_pragma=busy_timeout(20000)")
	if db.Dialect() == database.PostgreSQL {
		pool, poolErr := pgxpool.New(t.Context(), url)
		beside, err = stdlib.OpenDBFromPool(pool), poolErr
		t.Cleanup(pool.Close)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { beside.Close() })
	return beside
}

// process starts a worker and waits until it is up.
func process(t *testing.T, who, url string) (end func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, url)
	cmd.Env = append(os.Environ(), asWorker+"="+who)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("%s did not come up: %q, %v", who, line, err)
	}
	return func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
}

// throughput returns how many jobs a second so many processes do.
func throughput(t *testing.T, db *sql.DB, url, who string, processes int) float64 {
	t.Helper()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("DELETE FROM river_job")
	now, series := "datetime('now', 'subsec')", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) INSERT INTO river_job (args, kind, max_attempts, state) SELECT jsonb('{}'), 'noop', 25, 'pending' FROM n"
	if strings.HasPrefix(url, "postgres") {
		now, series = "now()", "INSERT INTO river_job (args, kind, max_attempts, state) SELECT '{}', 'noop', 25, 'pending' FROM generate_series(1, $1)"
	}
	exec(series, batch)
	for range processes {
		end := process(t, who, url)
		defer end()
	}
	begun := time.Now()
	exec("UPDATE river_job SET state = 'available', scheduled_at = " + now)
	for look := time.NewTicker(20 * time.Millisecond); ; <-look.C {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE state <> $1", rivertype.JobStateCompleted).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return batch / time.Since(begun).Seconds()
		}
	}
}

func median[T ~int64 | ~float64](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

var databases = []struct {
	name      string
	open      func(testing.TB) string
	processes []int
}{
	{"sqlite", databasetest.SQLite, []int{1}},
	{"postgresql", databasetest.PostgreSQL, []int{1, 2, 4}},
}

func TestThroughputBesideRiver(t *testing.T) {
	for _, d := range databases {
		for _, n := range d.processes {
			t.Run(fmt.Sprintf("%s/%d", d.name, n), func(t *testing.T) {
				url := d.open(t)
				db := prepare(t, url, 0)
				var ours, bare []float64
				for range rounds {
					ours = append(ours, throughput(t, db, url, "ours", n))
					bare = append(bare, throughput(t, db, url, "bare", n))
				}
				ratio := median(ours) / median(bare)
				t.Logf("%s, %d processes: %.0f jobs/s, River bare %.0f: ratio %.2f", d.name, n, median(ours), median(bare), ratio)
				if ratio < 0.95 {
					t.Errorf("the ratio is %.2f; the target is 0.95", ratio)
				}
			})
		}
	}
}

// The three take turns, in any order, so that each meets the same moments of the machine.
func TestLatencyBesideRiverAndBesideAMillionFinishedJobs(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			empty, plain, full := d.open(t), d.open(t), d.open(t)
			prepare(t, empty, 0)
			prepare(t, plain, 0)
			prepare(t, full, finished)
			subjects := []struct {
				name, url string
				start     func(context.Context, string, *worker) (insert, stop action, err error)
				insert    action
				began     chan time.Time
				took      []time.Duration
			}{{name: "ours", url: empty, start: ours}, {name: "bare", url: plain, start: bare}, {name: "full", url: full, start: ours}}
			for i := range subjects {
				s := &subjects[i]
				s.began = make(chan time.Time)
				insert, stop, err := s.start(t.Context(), s.url, &worker{began: s.began})
				if err != nil {
					t.Fatal(err)
				}
				s.insert = insert
				defer func() {
					if err := stop(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
					}
				}()
			}
			for range probes {
				for _, i := range rand.Perm(len(subjects)) {
					s := &subjects[i]
					at := time.Now()
					if err := s.insert(t.Context()); err != nil {
						t.Fatal(err)
					}
					s.took = append(s.took, (<-s.began).Sub(at))
				}
			}
			p50 := make(map[string]time.Duration)
			for _, s := range subjects {
				p50[s.name] = median(s.took) // and sorts them
				t.Logf("%s, %s: p50 %v, p99 %v", d.name, s.name, p50[s.name], s.took[len(s.took)*99/100])
			}
			if ratio := float64(p50["bare"]) / float64(p50["ours"]); ratio < 0.95 {
				t.Errorf("the latency of River bare is %.2f of ours; the target is 0.95", ratio)
			}
			if ratio := float64(p50["full"]) / float64(p50["ours"]); ratio > 1.5 {
				t.Errorf("with a million finished jobs the latency is %.2f of that of an empty table; the target is 1.5", ratio)
			}
		})
	}
}
