//go:build unix

// Package dispatcher_test holds the dispatcher against its peers, in one run.
package dispatcher_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/alitto/pond/v2"
	"github.com/panjf2000/ants/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sourcegraph/conc/pool"
	"github.com/thejerf/suture/v4"

	"example.com/ostov/modules/dispatcher"
)

const workers = 8

type nobody struct{}

func (nobody) Shutdown(error) {}

func newDispatcher(tb testing.TB, tasks ...dispatcher.Work) *dispatcher.Dispatcher {
	tb.Helper()
	return measured(tb, nil, tasks...)
}

// measured is a dispatcher with metrics in r.
func measured(tb testing.TB, r prometheus.Registerer, tasks ...dispatcher.Work) *dispatcher.Dispatcher {
	tb.Helper()
	config := dispatcher.DefaultConfig()
	config.Workers = workers
	d, err := dispatcher.New(dispatcher.Params{Config: config, Shutdown: nobody{}, Tasks: tasks, Metrics: r})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func start(tb testing.TB, d *dispatcher.Dispatcher) {
	tb.Helper()
	if err := d.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func stop(tb testing.TB, d *dispatcher.Dispatcher) {
	tb.Helper()
	if err := d.Stop(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// handOver hands n tiny functions to 8 workers and returns when all have run.
type handOver struct {
	name string
	peer bool
	run  func(tb testing.TB, n int)
}

type key struct{}

func ostovGo(ctx context.Context, metrics bool) func(testing.TB, int) {
	return func(tb testing.TB, n int) {
		var r prometheus.Registerer
		if metrics {
			r = prometheus.NewRegistry()
		}
		d := measured(tb, r)
		start(tb, d)
		tiny := func(context.Context) error { return nil }
		for range n {
			for d.Go(ctx, "tiny", tiny) != nil {
				runtime.Gosched() // the queue is full
			}
		}
		stop(tb, d)
	}
}

var handOvers = []handOver{
	{"ostov", false, ostovGo(context.Background(), false)},
	{"ostov with values", false, ostovGo(context.WithValue(context.Background(), key{}, "value"), false)},
	{"ostov with metrics", false, ostovGo(context.Background(), true)},
	{"pond", true, func(_ testing.TB, n int) {
		p := pond.NewPool(workers)
		for range n {
			_ = p.Go(func() {}) // fails on a stopped pool only
		}
		p.StopAndWait()
	}},
	{"ants", true, func(tb testing.TB, n int) {
		p, err := ants.NewPool(workers)
		if err != nil {
			tb.Fatal(err)
		}
		var all sync.WaitGroup
		all.Add(n)
		for range n {
			if err := p.Submit(all.Done); err != nil {
				tb.Fatal(err)
			}
		}
		all.Wait()
		p.Release()
	}},
	{"conc", true, func(_ testing.TB, n int) {
		p := pool.New().WithMaxGoroutines(workers)
		for range n {
			p.Go(func() {})
		}
		p.Wait()
	}},
	{"channel", false, func(_ testing.TB, n int) { // no isolation, no accounting: the floor
		queue := make(chan func(), 1024)
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for f := range queue {
					f()
				}
			})
		}
		for range n {
			queue <- func() {}
		}
		close(queue)
		all.Wait()
	}},
}

// startStop starts n services, waits until all run, and stops them. What is
// built before the start is built by it and not timed.
type startStop struct {
	name  string
	build func(tb testing.TB, n int) (run func())
}

// service is one that runs until its context ends.
type service struct{ running *sync.WaitGroup }

func (s service) Serve(ctx context.Context) error {
	s.running.Done()
	<-ctx.Done()
	return ctx.Err()
}

var startStops = []startStop{
	{"ostov", func(tb testing.TB, n int) func() {
		var running sync.WaitGroup
		running.Add(n)
		tasks := make([]dispatcher.Work, n)
		for i := range tasks {
			tasks[i] = dispatcher.Service{Name: "service " + strconv.Itoa(i), Run: service{&running}.Serve}
		}
		d := newDispatcher(tb, tasks...)
		return func() {
			start(tb, d)
			running.Wait()
			stop(tb, d)
		}
	}},
	{"goroutines", func(_ testing.TB, n int) func() { // no supervision: the floor
		return func() {
			var running, all sync.WaitGroup
			running.Add(n)
			ctx, cancel := context.WithCancel(context.Background())
			for range n {
				all.Go(func() { _ = service{&running}.Serve(ctx) })
			}
			running.Wait()
			cancel()
			all.Wait()
		}
	}},
	{"goroutines with own contexts", func(_ testing.TB, n int) func() {
		return func() {
			var running, all sync.WaitGroup
			running.Add(n)
			ctx, cancel := context.WithCancel(context.Background())
			for range n {
				all.Go(func() {
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					_ = service{&running}.Serve(ctx)
				})
			}
			running.Wait()
			cancel()
			all.Wait()
		}
	}},
	{"suture", func(_ testing.TB, n int) func() {
		var running sync.WaitGroup
		running.Add(n)
		s := suture.NewSimple("all")
		for range n {
			s.Add(service{&running})
		}
		return func() {
			ctx, cancel := context.WithCancel(context.Background())
			over := s.ServeBackground(ctx)
			running.Wait()
			cancel()
			<-over
		}
	}},
}
