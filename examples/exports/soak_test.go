//go:build soak

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/modules/database"
)

// quick are settings with which jobs of a dead process are soon another's.
var quick = []string{"--set", "jobs.job_timeout=5s", "--set", "jobs.fetch_cooldown=20ms"}

// raceDetector tells whether it watches: processor time says nothing then, and much
// work takes too long.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Contract B142.
// Reliability 40, 41, 42.
func TestFiveKillsInTenThousandJobsLoseNone(t *testing.T) {
	if raceDetector() {
		t.Skip("20,000 jobs are for the program as it is shipped: make soak runs this without the race detector, too")
	}
	t.Parallel()

	const jobs, kills = 10_000, 5
	databasetest.Each(t, func(t *testing.T, url string) {
		diary := filepath.Join(t.TempDir(), "diary")
		mayRepeat := make(map[int]bool)
		p := startWith(t, diary, nil, url, quick...)
		for _, kind := range []string{"mark", "effect"} {
			if err := p.insert(t.Context(), kind, 0, jobs, 5); err != nil {
				t.Fatal(err)
			}
		}
		for range kills {
			before, more := -1, 200+rand.IntN(800)
			p.until(t, time.Minute, "work", func(c map[string]int) bool {
				if before < 0 {
					before = c["completed"]
				}
				return c["running"] > 0 && c["completed"] >= before+more
			})
			p.kill()
			maps.Copy(mayRepeat, marksRunning(t, open(t, url)))
			p = startWith(t, diary, nil, url, quick...)
		}
		p.until(t, 5*time.Minute, "the end of all jobs", done(2*jobs)) // the slowest disk included
		p.stop(t, 0)
		wantEach(t, diary, jobs, mayRepeat)
		db := open(t, url)
		var effects, distinct int
		if err := db.Reader().QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT n) FROM effect").Scan(&effects, &distinct); err != nil || effects != jobs || distinct != jobs {
			t.Errorf("%d effects, %d of them distinct, %v; want exactly %d", effects, distinct, err, jobs)
		}
		wantIntegrity(t, db)
	})
}

// Contract B151.
// Reliability 12.
func TestAMigrationThatIsKilledIsDoneByTheNextStart(t *testing.T) {
	t.Parallel()

	const kills, steps = 20, 50
	databasetest.Each(t, func(t *testing.T, url string) {
		diary, environ := filepath.Join(t.TempDir(), "diary"), []string{testSteps + "=" + strconv.Itoa(steps)}
		whole := func() {
			startWith(t, diary, environ, url).stop(t, 0)
			db := open(t, url)
			for n := range steps {
				var rows int
				if err := db.Reader().QueryRowContext(t.Context(), fmt.Sprintf("SELECT count(*) FROM step%d", n+1)).Scan(&rows); err != nil || rows != 1000 {
					t.Errorf("step %d has %d rows, %v; want 1000, once", n+1, rows, err)
				}
			}
			wantIntegrity(t, db)
		}
		begun := time.Now()
		startWith(t, diary, environ, databaseLike(t, url)).stop(t, 0)
		span, early, untouched := time.Since(begun)/2, 0, true
		for range kills {
			p, serving := launch(t, diary, environ, url)
			pause(t, rand.N(span))
			p.kill()
			if _, err := serving(); err != nil {
				early++
				untouched = false
				continue
			}
			if untouched {
				span /= 2 // the machine is quicker than it was
			}
			whole()
			url, untouched = databaseLike(t, url), true
		}
		whole()
		t.Logf("%d of %d starts were killed before they served", early, kills)
		if early == 0 {
			t.Error("no start was killed on its way")
		}
	})
}

// databaseLike returns another database of the kind of url.
func databaseLike(t *testing.T, url string) string {
	if strings.HasPrefix(url, "file:") {
		return databasetest.SQLite(t)
	}
	return databasetest.PostgreSQL(t)
}

// wantIntegrity asks SQLite whether the file is whole.
func wantIntegrity(t *testing.T, db *database.DB) {
	t.Helper()
	if db.Dialect() != database.SQLite {
		return
	}
	var integrity string
	if err := db.Reader().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		t.Errorf("integrity: %s, %v", integrity, err)
	}
}

// ready waits until readiness is as wanted. HTTP answers all the while.
func (p *program) ready(t *testing.T, want int, limit time.Duration) {
	t.Helper()
	p.await(t, limit, fmt.Sprintf("%d of /readyz", want), func(ctx context.Context) (bool, string) {
		if status, _ := ask(ctx, http.MethodGet, p.url+"/livez", ""); status != http.StatusOK && ctx.Err() == nil {
			t.Fatalf("GET /livez = %d; want HTTP to stay up; stderr %.3000s", status, p.stderr.String())
		}
		status, body := ask(ctx, http.MethodGet, p.url+"/readyz", "")
		return status == want, body
	})
}

// endure has n marks inserted, each until it is taken, and worked, lets the outage
// happen meanwhile, and wants no job lost.
func (p *program) endure(t *testing.T, n, millis int, outage func()) {
	t.Helper()
	var inserter sync.WaitGroup
	refused := 0
	inserter.Go(func() {
		for i := 0; i < n && t.Context().Err() == nil; i += 20 {
			for p.insert(t.Context(), "mark", i, i+20, millis) != nil && t.Context().Err() == nil {
				refused++
				pause(t, 20*time.Millisecond)
			}
		}
	})
	p.until(t, time.Minute, "work", func(c map[string]int) bool { return c["completed"] > 100 })
	outage()
	inserter.Wait()
	t.Logf("%d batches were refused meanwhile", refused)
	p.until(t, 3*time.Minute, "the end of all jobs", func(c map[string]int) bool { return c["completed"] >= n && len(c) == 1 })
	p.stop(t, 0)
	ended := readDiary(t, p.diary)["end"]
	for i := range n {
		if ended[i] == 0 {
			t.Errorf("job %d is lost", i)
		}
	}
}

// goOn wants the program ready, and work to go on, within 10 seconds each.
func (p *program) goOn(t *testing.T) {
	t.Helper()
	over := time.Now()
	p.ready(t, http.StatusOK, 10*time.Second)
	before := len(readDiary(t, p.diary)["end"])
	p.until(t, 10*time.Second, "work to go on", func(map[string]int) bool { return len(readDiary(t, p.diary)["end"]) > before })
	t.Logf("work went on %v after it was over", time.Since(over).Round(time.Millisecond))
}

// Reliability 50.
func TestAPostgreSQLThatIsGoneForFiveSecondsLosesNoJob(t *testing.T) {
	t.Parallel()

	server := databasetest.NewServer(t)
	p := start(t, server.URL, quick...)
	p.endure(t, 2000, 5, func() {
		server.Stop(t)
		p.ready(t, http.StatusServiceUnavailable, 5*time.Second)
		pause(t, 5*time.Second)
		server.Start(t)
		p.goOn(t)
	})
}

// pause lets time pass in which nothing is to happen that one could wait for.
func pause(t *testing.T, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// ownLines counts the lines of a log that no request has asked for.
func ownLines(log string) int {
	return strings.Count(log, "\n") - strings.Count(log, `"logger":"http"`)
}

// Reliability 56.
func TestAFullDiskLosesNoJob(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk to fill, which takes the right to mount one: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	p := start(t, "file:"+filepath.Join(dir, "app.db"), quick...)
	ballast := filepath.Join(dir, "ballast")
	p.endure(t, 2000, 5, func() {
		full, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		for block := make([]byte, 4096); err == nil; {
			_, err = full.Write(block)
		}
		begun, lines := time.Now(), ownLines(p.stderr.String())
		p.ready(t, http.StatusServiceUnavailable, 30*time.Second)
		pause(t, 6*time.Second)
		perSecond := float64(ownLines(p.stderr.String())-lines) / time.Since(begun).Seconds()
		t.Logf("%.1f lines of log a second while the disk was full, those of requests apart", perSecond)
		if perSecond > 10 {
			t.Error("want 10 lines at most")
		}
		if err := errors.Join(full.Close(), os.Remove(ballast)); err != nil {
			t.Fatal(err)
		}
		p.goOn(t)
	})
}

// Reliability 54.
func TestAClusterDoesEveryJobOnceWhereNobodyIsKilled(t *testing.T) {
	t.Parallel()

	const jobs = 10_000
	url, diary := databasetest.PostgreSQL(t), filepath.Join(t.TempDir(), "diary")
	var cluster []*program
	for range 3 {
		cluster = append(cluster, startWith(t, diary, nil, url, quick...))
	}
	if err := cluster[0].insert(t.Context(), "mark", 0, jobs/2, 5); err != nil {
		t.Fatal(err)
	}
	cluster[0].until(t, time.Minute, "half of the jobs", done(jobs/2))
	wantEach(t, diary, jobs/2, nil)

	// And now one is killed on the way, and another joins.
	if err := cluster[0].insert(t.Context(), "mark", jobs/2, jobs, 100); err != nil {
		t.Fatal(err)
	}
	cluster[0].until(t, time.Minute, "work", func(c map[string]int) bool { return c["completed"] > jobs*6/10 })
	cluster[1].kill()
	mayRepeat := marksRunning(t, open(t, url)) // those of the others, too
	cluster[1] = startWith(t, diary, nil, url, quick...)
	cluster[0].until(t, 3*time.Minute, "the end of all jobs", done(jobs))
	for _, p := range cluster {
		p.stop(t, 0)
	}
	wantEach(t, diary, jobs, mayRepeat)
}

// Reliability 53.
func TestAPeriodicJobRunsOnceATickAcrossTheDeathsOfLeaders(t *testing.T) {
	t.Parallel()

	const tick = 2 * time.Second
	url, diary := databasetest.PostgreSQL(t), filepath.Join(t.TempDir(), "diary")
	ticking := []string{testTick + "=" + tick.String()}
	var cluster []*program
	for range 3 {
		cluster = append(cluster, startWith(t, diary, ticking, url))
	}
	db := open(t, url)
	ticks := func() []int { return slices.Sorted(maps.Keys(readDiary(t, diary)["tick"])) }
	until := func(n int) {
		t.Helper()
		cluster[0].until(t, 90*time.Second, fmt.Sprintf("%d ticks", n), func(map[string]int) bool { return len(ticks()) >= n })
	}
	until(3)
	var longest time.Duration
	for range 3 {
		pid, leader := leaderOf(t, db, cluster)
		cluster[leader].kill()
		t.Logf("killed the leader, %s", pid)
		killed := time.Now()
		before := len(ticks())
		cluster[leader] = startWith(t, diary, ticking, url)
		until(before + 3)
		longest = max(longest, time.Since(killed))
	}
	for _, p := range cluster {
		p.stop(t, 0)
	}
	counts := readDiary(t, diary)["tick"]
	seen := make(map[int]int)
	for at, n := range counts {
		seen[at/int(tick.Milliseconds())] += n
	}
	for at, n := range seen {
		if n != 1 {
			t.Errorf("the tick %d ran %d times; want once", at, n)
		}
	}
	t.Logf("%d ticks, each once; at most %v from the death of a leader to the third tick after it", len(seen), longest.Round(time.Second))
}

// leaderOf returns the program that is the leader: the one whose process is in the
// name of River's client.
func leaderOf(t *testing.T, db *database.DB, cluster []*program) (string, int) {
	t.Helper()
	var name string
	if err := db.Reader().QueryRowContext(t.Context(), "SELECT leader_id FROM river_leader").Scan(&name); err != nil {
		t.Fatal(err)
	}
	for i, p := range cluster {
		if strings.Contains(p.stderr.String(), name) {
			return name, i
		}
	}
	t.Fatalf("no process of the cluster is the leader %s", name)
	return "", 0
}

// Reliability 49, and what waiting costs.
func TestAJobRunsLongAfterTheStartAndWaitingCostsNothing(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		p := start(t, url, "--set", "app.start_timeout=15s")
		used := p.cpu(t)
		pause(t, 20*time.Second)
		share := (p.cpu(t) - used) / 20
		t.Logf("idle: %.2f %% of a core", share*100)
		if share > 0.01 && !raceDetector() {
			t.Errorf("idle it takes %.2f %% of a core; want less than 1 %%", share*100)
		}
		if err := p.insert(t.Context(), "mark", 0, 1, 0); err != nil {
			t.Fatal(err)
		}
		p.until(t, 10*time.Second, "the job", done(1))
		p.stop(t, 0)
	})
}

// cpu returns the seconds of processor time that the program says it took.
func (p *program) cpu(t *testing.T) (seconds float64) {
	t.Helper()
	status, metrics := ask(t.Context(), http.MethodGet, p.admin+"/metrics", "")
	_, value, _ := strings.Cut(metrics, "\nprocess_cpu_seconds_total ")
	if _, err := fmt.Sscan(value, &seconds); err != nil {
		t.Fatalf("GET /metrics = %d; processor time: %v", status, err)
	}
	return seconds
}
