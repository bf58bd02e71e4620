package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/dispatcher"
)

// Reliability 34.
func TestEachOneShotHasOneOutcome(t *testing.T) {
	t.Parallel()

	const n = 10_000
	outcomes := make([]atomic.Int32, n) // how often each one ran
	var up atomic.Bool
	b := newBench(t, func(p *dispatcher.Params) { p.Config.Queue = n })
	for i := range n {
		b.hand(t, fmt.Sprint(i), func(context.Context) error {
			if !up.Load() {
				t.Error("it ran before the start")
			}
			outcomes[i].Add(1)
			switch i % 200 {
			case 0:
				panic(i)
			case 100:
				runtime.Goexit()
			}
			return nil
		})
	}
	if err := b.Go(t.Context(), "too many", nothing); !errors.Is(err, dispatcher.ErrQueueFull) {
		t.Errorf("Go: %v; want ErrQueueFull before the start, too", err)
	}
	up.Store(true)
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	b.stop(t)
	for i := range outcomes {
		if ran := outcomes[i].Load(); ran != 1 {
			t.Errorf("one-shot %d ran %d times; want once", i, ran)
		}
	}
	counted, names := make(map[string]float64), 0
	for series, runs := range testkit.Series(t, b.metrics) {
		if strings.HasPrefix(series, "dispatcher_task_duration_seconds ") {
			counted[strings.Fields(series)[1]] += runs
			names++
		}
	}
	if counted["ok"] != n-n/100 || counted["panic"] != n/100 || b.logged("task failed") != n/100 {
		t.Errorf("%v were counted, and %d failures were logged; want %d ok, %d in a panic and as many logged",
			counted, b.logged("task failed"), n-n/100, n/100)
	}
	if names != 100+2 {
		t.Errorf("there are %d series; want the first 100 names, and the others, which failed or did not, together", names)
	}
}

func TestAFailedOneShotIsLoggedWithNameAndStack(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		f     func(context.Context) error
		want  string
		stack bool
	}{
		{"an error", func(context.Context) error { return errBoom }, "boom", false},
		{"a panic", func(context.Context) error { panic(errBoom) }, "panic: boom", true},
		{"the end of the goroutine", func(context.Context) error {
			runtime.Goexit()
			return nil
		}, "runtime.Goexit", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := started(t, func(p *dispatcher.Params) { p.Config.Workers = 1 })
				b.hand(t, "thumbnail", tt.f)
				b.hand(t, "thumbnail", nothing) // the worker lives on
				b.stop(t)
				records := b.logs.FilterMessage("task failed").All()
				if len(records) != 1 {
					t.Fatalf("%d failures were logged; want 1", len(records))
				}
				fields := records[0].ContextMap()
				stack := records[0].Stack
				if fields["task"] != "thumbnail" || !strings.Contains(fields["error"].(string), tt.want) || strings.Contains(stack, "pool_test.go") != tt.stack {
					t.Errorf("logged %v; want the name, %q, and the stack: %v", fields, tt.want, tt.stack)
				}
				if ok := b.runs(t, "thumbnail", "ok"); ok != 1 {
					t.Errorf("%v runs are counted as ok; want 1", ok)
				}
			})
		})
	}
}

// Reliability 35.
func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, func(p *dispatcher.Params) { p.Config.Workers, p.Config.Queue = 2, 3 })
		release := make(chan struct{})
		var ran atomic.Int32
		block := func(context.Context) error {
			ran.Add(1)
			<-release
			return nil
		}
		hand := func(n int) {
			for range n {
				b.hand(t, "thumbnail", block)
			}
			synctest.Wait()
		}
		hand(2) // by the workers
		hand(3) // by the queue
		err := b.Go(t.Context(), "thumbnail", block)
		if !errors.Is(err, dispatcher.ErrQueueFull) || err.Error() != `go "thumbnail": queue is full` {
			t.Errorf("Go: %v; want ErrQueueFull with the name", err)
		}
		if err := b.Wait(t.Context(), "thumbnail", block); !errors.Is(err, dispatcher.ErrQueueFull) {
			t.Errorf("Wait: %v; want ErrQueueFull", err)
		}
		running, waiting := 0, 0
		for _, s := range b.Snapshot() {
			switch s.State {
			case dispatcher.Running:
				running++
			case dispatcher.Waiting:
				waiting++
			}
		}
		if running != 2 || waiting != 3 {
			t.Errorf("%d run and %d wait; want 2 and 3", running, waiting)
		}
		series := testkit.Series(t, b.metrics)
		if running, queued := series["dispatcher_tasks running"], series["dispatcher_queue_length"]; running != 2 || queued != 3 {
			t.Errorf("metrics have %v running and a queue of %v; want 2 and 3", running, queued)
		}
		close(release)
		synctest.Wait()
		hand(1) // there is room again
		b.stop(t)
		if ran.Load() != 6 {
			t.Errorf("%d ran; want the 6 that were taken", ran.Load())
		}
		if got := testkit.Series(t, b.metrics)["dispatcher_one_shots_refused_total queue_full"]; got != 2 {
			t.Errorf("%v are counted as refused; want 2", got)
		}
	})
}

// Reliability 35.
func TestAStoppingDispatcherTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil)
		close(b.stopping) // the application stops; the dispatcher has not been asked to
		refused := func(when string) {
			t.Helper()
			if err := b.Go(t.Context(), "thumbnail", nothing); !errors.Is(err, dispatcher.ErrStopping) {
				t.Errorf("Go %s: %v; want ErrStopping", when, err)
			}
			if err := b.Wait(t.Context(), "thumbnail", nothing); !errors.Is(err, dispatcher.ErrStopping) {
				t.Errorf("Wait %s: %v; want ErrStopping", when, err)
			}
		}
		refused("while the application stops")
		b.stop(t)
		refused("after the stop")

		b = started(t, nil)
		b.stop(t)
		refused("after a stop without a warning")
	})
}

// Reliability 35: accepted means ran, whatever the moment of the stop.
func TestNothingIsTakenAndForgotten(t *testing.T) {
	t.Parallel()

	for range 5 {
		b := started(t, nil)
		var taken, ran atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					err := b.Go(t.Context(), "count", func(context.Context) error {
						ran.Add(1)
						return nil
					})
					switch {
					case err == nil:
						taken.Add(1)
					case errors.Is(err, dispatcher.ErrQueueFull):
						runtime.Gosched()
					case errors.Is(err, dispatcher.ErrStopping):
						return
					default:
						t.Errorf("Go: %v", err)
						return
					}
				}
			})
		}
		for taken.Load() < 100 {
			runtime.Gosched()
		}
		b.stop(t)
		all.Wait()
		if taken.Load() != ran.Load() {
			t.Fatalf("%d were taken and %d ran", taken.Load(), ran.Load())
		}
	}
}

func TestGoWithoutWhatItNeedsIsRefused(t *testing.T) {
	t.Parallel()

	b := started(t, nil)
	var none context.Context
	for name, err := range map[string]error{
		"function": b.Go(t.Context(), "thumbnail", nil),
		"name":     b.Go(t.Context(), "", nothing),
		"context":  b.Go(none, "thumbnail", nothing),
	} {
		if err == nil || !strings.Contains(err.Error(), "want a context, a name and a function") {
			t.Errorf("Go without a %s: %v", name, err)
		}
	}
	b.stop(t)
}

type key struct{}

func TestTheCallersValuesGoAlongAndItsEndDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		if err := b.Start(context.WithValue(t.Context(), key{}, "the start's trace")); err != nil {
			t.Fatalf("Start: %v", err)
		}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace 17"))
		cancel()
		got := make(chan string, 1)
		if err := b.Go(ctx, "thumbnail", func(ctx context.Context) error {
			child, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			value, _ := child.Value(key{}).(string)
			got <- value
			<-child.Done()
			if cause := context.Cause(child); !errors.Is(cause, context.DeadlineExceeded) {
				t.Errorf("the one-shot's context ended by %v; want its own time-out", cause)
			}
			return ctx.Err()
		}); err != nil {
			t.Fatalf("Go: %v", err)
		}
		if value := <-got; value != "trace 17" {
			t.Errorf("the one-shot sees the value %q; want %q", value, "trace 17")
		}
		<-time.After(2 * time.Second)
		b.stop(t)
		if n := b.logged("task failed"); n != 0 {
			t.Error("the one-shot failed")
		}
	})
}

func TestWaitReturnsTheOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil)
		if err := b.Wait(t.Context(), "thumbnail", nothing); err != nil {
			t.Errorf("Wait: %v; want no error", err)
		}
		if err := b.Wait(t.Context(), "thumbnail", func(context.Context) error { return errBoom }); !errors.Is(err, errBoom) {
			t.Errorf("Wait: %v; want the function's error", err)
		}
		if n := b.logged("task failed"); n != 0 {
			t.Error("an error that was returned was logged, too")
		}
		var p *lifecycle.PanicError
		if err := b.Wait(t.Context(), "thumbnail", func(context.Context) error { panic("boom") }); !errors.As(err, &p) {
			t.Errorf("Wait: %v; want a PanicError", err)
		}
		synctest.Wait()
		if n := b.logged("task failed"); n != 1 {
			t.Errorf("the panic was logged %d times; want once, for its stack", n)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
		defer cancel()
		var over atomic.Bool
		if err := b.Wait(ctx, "thumbnail", func(context.Context) error {
			<-time.After(time.Minute)
			over.Store(true)
			return nil
		}); !errors.Is(err, errBoom) {
			t.Errorf("Wait: %v; want the cause of its context's end", err)
		}
		<-time.After(time.Hour)
		if !over.Load() {
			t.Error("the function did not go on")
		}
		b.stop(t)
	})
}

func TestUnderLoadAnAgeIsNearlyRightAndDurationsAreExact(t *testing.T) {
	t.Parallel()

	for _, measured := range []bool{false, true} {
		t.Run(fmt.Sprintf("measured %v", measured), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, func(p *dispatcher.Params) {
					p.Config.Workers, p.Config.StopTimeout = 1, time.Hour
					if !measured {
						p.Metrics = nil
					}
				})
				for range 100 {
					b.hand(t, "second", func(context.Context) error {
						<-time.After(time.Second)
						return nil
					})
				}
				if err := b.Start(t.Context()); err != nil {
					t.Fatalf("Start: %v", err)
				}
				<-time.After(62*time.Second + time.Millisecond)
				if age := time.Since(b.state(t, "second").Begun); age > 16*time.Second || measured && age != time.Millisecond {
					t.Errorf("the age of the one that runs is %v; want at most 16s, and 1ms where it is measured", age)
				}

				<-time.After(time.Hour) // from now on there is no load
				release := make(chan struct{})
				b.hand(t, "long", func(context.Context) error {
					<-release
					return nil
				})
				<-time.After(time.Minute)
				if s := b.state(t, "long"); time.Since(s.Begun) != time.Minute || s.State != dispatcher.Running {
					t.Errorf("the one-shot is %+v; want it running for a minute", s)
				}
				close(release)
				b.stop(t)
				sum := testkit.Series(t, b.metrics)["dispatcher_task_duration_seconds_sum ok second"]
				if n := b.runs(t, "second", "ok"); measured && (n != 100 || sum != 100) {
					t.Errorf("%v durations are %vs together; want 100 of 1s", n, sum)
				}
			})
		})
	}
}

func TestWhatAOneShotHeldMayBeCollected(t *testing.T) {
	t.Parallel()

	b := started(t, nil)
	used := func() weak.Pointer[[1 << 20]byte] {
		held := new([1 << 20]byte)
		if err := b.Wait(t.Context(), "thumbnail", func(context.Context) error {
			held[0] = 1
			return nil
		}); err != nil {
			t.Fatalf("Wait: %v", err)
		}
		return weak.Make(held)
	}()
	for range 1000 {
		if runtime.GC(); used.Value() == nil {
			break
		}
	}
	if used.Value() != nil {
		t.Error("an idle worker still holds what its last one-shot used")
	}
	b.stop(t)
}

func TestAHandOverAllocatesNothingOrOnceForValues(t *testing.T) {
	// Not parallel: testing.AllocsPerRun counts all goroutines.
	b := started(t, func(p *dispatcher.Params) { p.Metrics = nil })
	done := make(chan struct{})
	tiny := func(context.Context) error {
		done <- struct{}{}
		return nil
	}
	tests := []struct {
		name string
		ctx  context.Context
		want float64
	}{
		{"no values", context.Background(), 0},
		{"values", context.WithValue(context.Background(), key{}, "trace 17"), 1},
	}
	for _, tt := range tests {
		if allocs := testing.AllocsPerRun(1000, func() {
			if err := b.Go(tt.ctx, "thumbnail", tiny); err != nil {
				t.Fatal(err)
			}
			<-done
		}); allocs != tt.want {
			t.Errorf("with %s a hand-over allocates %v times; want %v", tt.name, allocs, tt.want)
		}
	}
	b.stop(t)
}
