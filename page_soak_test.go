//go:build soak && unix && !race

package ostov_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/internal/load"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
)

// The page of a busy application: 1,000 tasks that run each second, 200 routes
// under load and 10,000 log lines a second. With a page open and without, in turn,
// the same is done, and CPU time and latency are compared.
func TestAnOpenPageCostsLittle(t *testing.T) {
	const (
		fewest  = 6 // rounds
		most    = 60
		round   = 4 * time.Second
		cpu     = 0.05 // of a core
		slowing = 1.03 // of the median latency
	)
	var log *zap.Logger
	options := []fx.Option{modules.All(), fx.Populate(&log)}
	for i := range 1000 {
		options = append(options, dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: fmt.Sprintf("task %d", i), Every: time.Second, Jitter: time.Second, Run: func(context.Context) error { return nil }}
		}))
	}
	options = append(options, httpserver.Routes(func() []httpserver.Route {
		var routes []httpserver.Route
		for i := range 200 {
			routes = append(routes, httpserver.Route{Method: http.MethodGet, Path: fmt.Sprintf("/route/%d", i), Handler: func(c echo.Context) error {
				return c.NoContent(http.StatusNoContent)
			}})
		}
		return routes
	}))
	var stdout strings.Builder
	app := container.New(container.Process{
		Stdout: &stdout, Stderr: io.Discard,
		Sources: config.Sources{Environ: []string{}, Set: []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0", "admin.token=" + pageToken}},
	}, options...)
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	public, _, admin := testkit.Served(stdout.String())
	public = strings.TrimPrefix(public, "http://")

	// busy is one round; it returns the CPU seconds of the process and the latencies.
	busy := func() (cpu float64, latencies []time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), round)
		defer cancel()
		before := cpuSeconds(t)
		var all sync.WaitGroup
		all.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					for i := range 100 {
						log.Info("a line of the log", zap.Int("i", i), zap.String("what", "of the usual length of a record"))
					}
				case <-ctx.Done():
					return
				}
			}
		})
		results := make([]load.Result, 8)
		for client := range results {
			all.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					r := load.Load{Address: public, Path: fmt.Sprintf("/route/%d", (i*len(results)+client)%200), Count: 20, Think: 20 * time.Millisecond}.Run(ctx)
					results[client].Latencies = append(results[client].Latencies, r.Latencies...)
				}
			})
		}
		all.Wait()
		for _, r := range results {
			latencies = append(latencies, r.Latencies...)
		}
		return cpuSeconds(t) - before, latencies
	}

	busy() // all is warm, each route was asked
	var cost []float64
	var with, without []time.Duration
	// What else runs on the machine only adds, so that the best of many rounds counts: as few as will do.
	for n := 1; ; n++ {
		quietCPU, quiet := busy()
		close := openStream(t, admin)
		openCPU, open := busy()
		sent := close()
		if sent < 100_000 {
			t.Fatalf("the stream sent %d bytes; want what a page is sent", sent)
		}
		cost = append(cost, (openCPU-quietCPU)/round.Seconds())
		with, without = append(with, median(open)), append(without, median(quiet))
		t.Logf("a page costs %.3f of a core; the median of requests is %v with it and %v without; it was sent %d KiB/s", cost[n-1], median(open), median(quiet), sent/int64(round.Seconds())/1024)
		ratio := float64(slices.Min(with)) / float64(slices.Min(without))
		if n < fewest || n < most && (median(cost) > cpu || ratio > slowing) {
			continue
		}
		t.Logf("of %d rounds: median cost %.3f of a core; best median latency %v with a page and %v without, ratio %.3f", n, median(cost), slices.Min(with), slices.Min(without), ratio)
		if got := median(cost); got > cpu {
			t.Errorf("an open page costs %.3f of a core; want at most %.2f", got, cpu)
		}
		if ratio > slowing {
			t.Errorf("requests take %.3f times as long with a page open; want at most %.2f", ratio, slowing)
		}
		return
	}
}

// openStream reads the stream of a page until it is closed, which tells how much
// came.
func openStream(t *testing.T, admin string) (closed func() int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/api/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+pageToken)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %v, %v", answer, err)
	}
	sent := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, answer.Body) // until it is cancelled
		sent <- n
	}()
	return func() int64 {
		cancel()
		defer answer.Body.Close()
		return <-sent
	}
}

func cpuSeconds(t *testing.T) float64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
