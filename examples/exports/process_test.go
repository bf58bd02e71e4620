package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"go.uber.org/fx"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/config"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/database"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/jobs"
)

// asExports makes the test binary the program, with the faults, for tests that need
// processes. testDiary names the file in which jobs write down what they do.
const (
	asExports = "TEST_EXPORTS"
	testDiary = "TEST_DIARY"
	testTick  = "TEST_TICK"  // and a periodic job, so often
	testSteps = "TEST_STEPS" // and so many migrations that take their time
)

// Mark is a job that takes its time, and writes down when it begins and ends.
type Mark struct {
	N      int `json:"n"`
	Millis int `json:"millis"`
}

func (Mark) Kind() string { return "mark" }

// Effect is a job whose effect is a row, completed with it.
type Effect struct {
	N int `json:"n"`
}

func (Effect) Kind() string { return "effect" }

// Tick is a periodic job.
type Tick struct{}

func (Tick) Kind() string { return "tick" }

func faults() fx.Option {
	diary, err := os.OpenFile(os.Getenv(testDiary), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	note := func(format string, args ...any) error {
		_, err := fmt.Fprintf(diary, format+"\n", args...) // one write: whole lines
		return err
	}
	options := []fx.Option{
		database.Schema(func() database.Migrations {
			return database.Files("effects", fstest.MapFS{"001_effect.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effect (n INTEGER NOT NULL);\n")}})
		}),
		jobs.Worker[Mark](func() river.Worker[Mark] {
			return river.WorkFunc(func(ctx context.Context, job *river.Job[Mark]) error {
				if err := note("start %d", job.Args.N); err != nil {
					return err
				}
				select {
				case <-time.After(time.Duration(job.Args.Millis) * time.Millisecond):
					return note("end %d", job.Args.N)
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}),
		jobs.Worker[Effect](func(db *database.DB) river.Worker[Effect] {
			return river.WorkFunc(func(ctx context.Context, job *river.Job[Effect]) error {
				return db.InTx(ctx, func(ctx context.Context, tx *database.Tx) error {
					if _, err := tx.ExecContext(ctx, "INSERT INTO effect (n) VALUES ($1)", job.Args.N); err != nil {
						return err
					}
					return jobs.CompleteTx(ctx, tx, job)
				})
			})
		}),
		jobs.Worker[Tick](func() river.Worker[Tick] {
			return river.WorkFunc(func(_ context.Context, job *river.Job[Tick]) error {
				return note("tick %d", job.ScheduledAt.UnixMilli())
			})
		}),
		httpserver.Routes(func(db *database.DB, client *jobs.Client) []httpserver.Route {
			return []httpserver.Route{
				{Method: http.MethodPost, Path: "/test/insert/:kind", Handler: insertMany(client)},
				{Method: http.MethodPost, Path: "/test/uncommitted", Handler: func(c echo.Context) error {
					return db.InTx(c.Request().Context(), func(ctx context.Context, tx *database.Tx) error {
						_, err := tx.ExecContext(ctx, "INSERT INTO effect (n) VALUES (0)")
						_, inserted := client.InsertTx(ctx, tx, Mark{}, nil)
						if err := errors.Join(err, inserted, note("inserted 0")); err != nil {
							return err
						}
						<-ctx.Done() // killed before the commit
						return ctx.Err()
					})
				}},
				{Method: http.MethodGet, Path: "/test/counts", Handler: func(c echo.Context) error {
					counts, err := countJobs(c.Request().Context(), db)
					if err != nil {
						return err
					}
					return c.JSON(http.StatusOK, counts)
				}},
			}
		}),
	}
	if steps, err := strconv.Atoi(os.Getenv(testSteps)); err == nil {
		options = append(options, database.Schema(func() database.Migrations { return slow(steps) }))
	}
	if tick, err := time.ParseDuration(os.Getenv(testTick)); err == nil {
		options = append(options, jobs.Periodic(func() *river.PeriodicJob { return jobs.Every(tick, Tick{}) }))
	}
	return fx.Options(options...)
}

// slow are migrations of a thousand rows each.
func slow(steps int) database.Migrations {
	files := make(fstest.MapFS)
	for n := range steps {
		files[fmt.Sprintf("%03d_step.sql", n+1)] = &fstest.MapFile{Data: fmt.Appendf(nil, `-- +goose Up
CREATE TABLE step%d (n INTEGER NOT NULL);
INSERT INTO step%[1]d WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000) SELECT n FROM i;
`, n+1)}
	}
	return database.Files("slow", files)
}

// insertMany inserts the jobs from to until, and answers when they are committed.
func insertMany(client *jobs.Client) echo.HandlerFunc {
	return func(c echo.Context) error {
		number := func(name string) int { n, _ := strconv.Atoi(c.QueryParam(name)); return n }
		var all []river.InsertManyParams
		for n := number("from"); n < number("until"); n++ {
			args := river.JobArgs(Effect{N: n})
			if c.Param("kind") == "mark" {
				args = Mark{N: n, Millis: number("millis")}
			}
			all = append(all, river.InsertManyParams{Args: args})
		}
		if _, err := client.InsertMany(c.Request().Context(), all); err != nil {
			return err
		}
		return c.NoContent(http.StatusCreated)
	}
}

func countJobs(ctx context.Context, db *database.DB) (map[string]int, error) {
	rows, err := db.Reader().QueryContext(ctx, "SELECT state, count(*) FROM river_job GROUP BY state")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := make(map[string]int)
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

// program is the program as a process.
type program struct {
	cmd        *exec.Cmd
	url, admin string
	diary      string
	exited     chan struct{}

	stderr testkit.Buffer
}

// start runs the program until it serves. It is killed with the test.
func start(t *testing.T, database string, args ...string) *program {
	t.Helper()
	return startWith(t, filepath.Join(t.TempDir(), "diary"), nil, database, args...)
}

func startWith(t *testing.T, diary string, environ []string, database string, args ...string) *program {
	t.Helper()
	p, serving := launch(t, diary, environ, database, args...)
	line, err := serving()
	if err != nil {
		<-p.exited
		t.Fatalf("the program ended before it served: %s", p.stderr.String())
	}
	p.url, _, p.admin = testkit.Served(line)
	return p
}

// launch runs the program. serving waits for the line with which it says that it serves.
func launch(t *testing.T, diary string, environ []string, database string, args ...string) (p *program, serving func() (string, error)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p = &program{diary: diary, exited: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), self, append([]string{
		"--set", "http.address=127.0.0.1:0", "--set", "tcp.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0", "--set", "log.format=json",
		"--set", "database.url=" + database,
	}, args...)...)
	p.cmd.Env = append([]string{asExports + "=1", testDiary + "=" + diary, "PATH=" + os.Getenv("PATH")}, environ...)
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	said := make(chan error, 1)
	var line string
	go func() {
		defer close(p.exited)
		out := bufio.NewReader(stdout)
		var err error
		line, err = out.ReadString('\n')
		said <- err
		_, _ = io.Copy(io.Discard, out)
		_ = p.cmd.Wait()
	}()
	return p, func() (string, error) { err := <-said; return line, err }
}

// kill ends the process as a crash does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // where it has not ended
	<-p.exited
}

// stop asks the process to stop and wants its exit code.
func (p *program) stop(t *testing.T, code int) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-p.exited
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d; want %d; stderr %s", got, code, p.stderr.String())
	}
}

// ask returns the status and body of an answer, or 0 where there is none.
func ask(ctx context.Context, method, url, body string) (int, string) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Close = true
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(content)
}

func (p *program) get(t *testing.T, path string) string {
	t.Helper()
	status, body := ask(t.Context(), http.MethodGet, p.url+path, "")
	if status != http.StatusOK {
		t.Fatalf("GET %s = %d %s; stderr %s", path, status, body, p.stderr.String())
	}
	return body
}

// insert inserts the jobs from to until in batches, and tells what was not taken.
func (p *program) insert(ctx context.Context, kind string, from, until, millis int) error {
	for ; from < until; from += 500 {
		query := url.Values{"from": {strconv.Itoa(from)}, "until": {strconv.Itoa(min(from+500, until))}, "millis": {strconv.Itoa(millis)}}
		if status, body := ask(ctx, http.MethodPost, p.url+"/test/insert/"+kind+"?"+query.Encode(), ""); status != http.StatusCreated {
			return fmt.Errorf("insert from %d: %d %s", from, status, body)
		}
	}
	return nil
}

// await waits until so says yes; it returns what it saw, too.
func (p *program) await(t *testing.T, limit time.Duration, what string, so func(ctx context.Context) (yes bool, seen string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	last := ""
	for look := time.NewTicker(50 * time.Millisecond); ; {
		yes, seen := so(ctx)
		if yes {
			return
		}
		if ctx.Err() == nil {
			last = seen
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("waited %v for %s; last seen: %s; stderr %.5000s", limit, what, last, p.stderr.String())
		}
	}
}

// until waits until so says yes of the number of jobs in each state.
func (p *program) until(t *testing.T, limit time.Duration, what string, so func(map[string]int) bool) {
	t.Helper()
	p.await(t, limit, what, func(ctx context.Context) (bool, string) {
		status, body := ask(ctx, http.MethodGet, p.url+"/test/counts", "")
		counts := make(map[string]int)
		return status == http.StatusOK && json.Unmarshal([]byte(body), &counts) == nil && so(counts), body
	})
}

func done(n int) func(map[string]int) bool {
	return func(counts map[string]int) bool { return counts["completed"] == n }
}

// readDiary counts the lines of a diary by their word and number.
func readDiary(t *testing.T, path string) map[string]map[int]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]map[int]int{"start": {}, "end": {}, "tick": {}, "inserted": {}}
	for line := range strings.Lines(string(text)) {
		var word string
		var n int
		if _, err := fmt.Sscanf(line, "%s %d", &word, &n); err != nil {
			t.Fatalf("line %q of the diary: %v", line, err)
		}
		counts[word][n]++
	}
	return counts
}

// wantEach tells whether each of n jobs was begun and ended, and which were begun
// more than once although they may not.
func wantEach(t *testing.T, diary string, n int, mayRepeat map[int]bool) {
	t.Helper()
	counts := readDiary(t, diary)
	lost, twice := 0, 0
	for i := range n {
		if counts["end"][i] == 0 {
			lost++
		}
		if counts["start"][i] > 1 && !mayRepeat[i] {
			twice++
		}
	}
	repeated := 0
	for _, times := range counts["start"] {
		if times > 1 {
			repeated++
		}
	}
	t.Logf("%d jobs: %d lost, %d begun more than once, %d of them without a reason (%d were marked as running at a kill)", n, lost, repeated, twice, len(mayRepeat))
	if lost > 0 || twice > 0 {
		t.Errorf("%d jobs lost, %d begun twice although they were not running at a kill; want none", lost, twice)
	}
}

// open opens the database beside the processes.
func open(t *testing.T, url string) *database.DB {
	t.Helper()
	c := database.DefaultConfig()
	c.URL = config.NewSecret(url)
	db, err := database.New(database.Params{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.OpenShared(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// marksRunning returns the numbers of the marks that are marked as running.
func marksRunning(t *testing.T, db *database.DB) map[int]bool {
	t.Helper()
	query := "SELECT json_extract(args, '$.n') FROM river_job WHERE state = 'running' AND kind = 'mark'"
	if db.Dialect() == database.PostgreSQL {
		query = "SELECT (args->>'n')::int FROM river_job WHERE state = 'running' AND kind = 'mark'"
	}
	rows, err := db.Reader().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	running := make(map[int]bool)
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		running[n] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return running
}

// Contract B141.
// Reliability 43.
func TestADeathBeforeTheCommitLeavesNothing(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		p := start(t, url)
		var request sync.WaitGroup
		request.Go(func() { ask(t.Context(), http.MethodPost, p.url+"/test/uncommitted", "") })
		p.until(t, time.Minute, "the insert", func(map[string]int) bool { return len(readDiary(t, p.diary)["inserted"]) > 0 })
		p.kill()
		request.Wait()
		p = startWith(t, p.diary, nil, url)
		if err := p.insert(t.Context(), "mark", 1, 2, 0); err != nil {
			t.Fatal(err)
		}
		p.until(t, time.Minute, "the job that was committed", done(1))
		p.stop(t, 0)
		db, effects, inserted := open(t, url), -1, -1
		if err := db.Reader().QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM effect), (SELECT count(*) FROM river_job)").Scan(&effects, &inserted); err != nil || effects != 0 || inserted != 1 {
			t.Errorf("%d rows and %d jobs, %v; want no row, and the one job that was committed", effects, inserted, err)
		}
		if began := readDiary(t, p.diary)["start"]; len(began) != 1 || began[1] != 1 {
			t.Errorf("the jobs begun are %v; want the one that was committed", began)
		}
	})
}

// Contract B143.
// Reliability 44.
func TestAStopUnderLoadLeavesNoJobRunning(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		patient := []string{"--set", "jobs.queues=default=50", "--set", "jobs.stop_timeout=30s", "--set", "app.stop_timeout=1m"} // it is not about time
		p := start(t, url, patient...)
		const first = 50 // River completes what ends together in one transaction, for which it has 10 seconds
		if err := p.insert(t.Context(), "mark", 0, first, 300); err != nil {
			t.Fatal(err)
		}
		var inserters sync.WaitGroup
		var mu sync.Mutex
		taken := make(map[int]bool)
		for n := range first {
			taken[n] = true
		}
		for i := range 10 {
			inserters.Go(func() {
				for n := first + i; ; n += 10 {
					if p.insert(t.Context(), "mark", n, n+1, 300) != nil {
						return // the stop has begun
					}
					mu.Lock()
					taken[n] = true
					mu.Unlock()
				}
			})
		}
		p.until(t, time.Minute, "jobs that run", func(c map[string]int) bool { return c["running"] >= 25 })
		p.stop(t, 0)
		inserters.Wait()
		db := open(t, url)
		if running := marksRunning(t, db); len(running) > 0 {
			t.Errorf("%d jobs are marked as running after the stop: %v", len(running), slices.Sorted(maps.Keys(running)))
		}
		p = startWith(t, p.diary, nil, url, patient...)
		p.until(t, 3*time.Minute, "the end of all jobs", func(c map[string]int) bool { return c["completed"] >= len(taken) && len(c) == 1 })
		p.stop(t, 0)
		counts := readDiary(t, p.diary)
		for n := range taken {
			if counts["end"][n] != 1 {
				t.Errorf("job %d, which was taken, ended %d times; want once", n, counts["end"][n])
			}
		}
	})
}
