package dispatcher_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/modules/dispatcher"
)

// Contract B61.
func TestRunReturnsWhenAllTasksHaveEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int32
		after := func(d time.Duration) func(context.Context) error {
			return func(context.Context) error {
				<-time.After(d)
				ran.Add(1)
				return nil
			}
		}
		b := newBench(t, nil,
			dispatcher.Service{Name: "short", Run: after(time.Second)},
			dispatcher.Service{Name: "long", Run: after(time.Minute)},
		)
		begun := time.Now()
		if err := errors.Join(b.Run(t.Context()), newBench(t, nil).Run(t.Context())); err != nil { // without tasks: at once
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(begun); took != time.Minute || ran.Load() != 2 {
			t.Errorf("Run returned after %v with %d tasks run; want 1m0s and 2", took, ran.Load())
		}
		if n := b.logged("starting up"); n != 1 {
			t.Errorf("%q was logged %d times; want once", "starting up", n)
		}
	})
}

// Contract B62.
func TestRunStopsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		b := newBench(t, nil, dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
			<-ctx.Done()
			<-time.After(time.Second)
			return nil
		}})
		begun := time.Now()
		if err := b.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(begun); took != time.Hour+time.Second {
			t.Errorf("Run took %v; want 1h0m1s, the task's last second included", took)
		}
		if down, up := b.logged("shutting down"), b.logged("stopped"); down != 1 || up != 1 {
			t.Errorf("logged %q %d times and %q %d times; want both once", "shutting down", down, "stopped", up)
		}
		if last := b.logs.All()[b.logs.Len()-1]; last.Message != "stopped" || last.ContextMap()["took"] != time.Second {
			t.Errorf("last record is %q %v; want stopped, after 1s", last.Message, last.ContextMap())
		}
	})
}

// Contract B63, B68, B73.
func TestOnlyWhatIsNoCancellationIsReportedOfAStop(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		end  func(ctx context.Context) error
		want string
	}{
		{"nil", func(context.Context) error { return nil }, ""},
		{"the context's error", context.Context.Err, ""},
		{"the context's cause", context.Cause, ""},
		{"the context's error, wrapped", func(ctx context.Context) error { return errors.Join(errors.New("read"), ctx.Err()) }, ""},
		{"done", func(context.Context) error { return dispatcher.ErrDone }, ""},
		{"another error", func(context.Context) error { return errBoom }, `service "words": boom`},
		{"a panic", func(context.Context) error { panic(errBoom) }, `service "words": panic: boom`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var cause error
				b := started(t, nil,
					dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
						<-ctx.Done()
						cause = context.Cause(ctx)
						return tt.end(ctx)
					}},
					dispatcher.Schedule{Name: "letters", Every: time.Hour, Run: untilTold})
				synctest.Wait()
				begun := time.Now()
				err := b.Stop(t.Context())
				if took := time.Since(begun); took != 0 {
					t.Errorf("the stop took %v; want no time", took)
				}
				state, failures := dispatcher.Ended, 0
				if tt.want != "" {
					state, failures = dispatcher.Failed, 1
				}
				if got := b.state(t, "words"); got.State != state || got.Failures != failures || got.Starts != 1 {
					t.Errorf("the task is %+v; want %s after 1 start and %d failures", got, state, failures)
				}
				if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, errBoom) || err.Error() != tt.want) {
					t.Errorf("Stop: %v; want %q", err, tt.want)
				}
				if !errors.Is(cause, dispatcher.ErrStopping) {
					t.Errorf("the cause of the end is %v; want ErrStopping", cause)
				}
				if asked := b.shutdown.asked(); asked != nil {
					t.Errorf("the application was to stop: %v", asked)
				}
			})
		})
	}
}

// Contract B64.
func TestStopIsOneStopHoweverOftenItIsCalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil, dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
			<-ctx.Done()
			<-time.After(time.Second)
			return errBoom
		}})
		synctest.Wait()
		begun := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				err := b.Stop(t.Context())
				if took := time.Since(begun); took != time.Second || !errors.Is(err, errBoom) {
					t.Errorf("Stop: %v after %v; want the task's error after 1s", err, took)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop with a millisecond: %v; want the end of its context", err)
		}
		all.Wait()
		if n := b.logged("shutting down"); n != 1 {
			t.Errorf("%q was logged %d times; want once", "shutting down", n)
		}
	})
}

// Contract B65.
func TestAStopBeforeTheStartForbidsItAndNamesWhatWasTaken(t *testing.T) {
	t.Parallel()

	run := func(context.Context) error { t.Error("it ran"); return nil }
	b := newBench(t, nil, dispatcher.Service{Name: "words", Run: run})
	b.hand(t, "early", run)
	want := `1 one-shots not begun before the stop: ["early"]`
	if err := b.Stop(t.Context()); err == nil || err.Error() != want {
		t.Errorf("Stop: %v; want %s", err, want)
	}
	if err := b.Start(t.Context()); !errors.Is(err, dispatcher.ErrStopping) {
		t.Errorf("Start: %v; want ErrStopping", err)
	}
}

// Contract B66.
func TestNoTaskOutlivesAStopDuringTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		stay := func(ctx context.Context, _ func()) error {
			running.Add(1)
			defer running.Add(-1)
			<-ctx.Done()
			return nil
		}
		b := newBench(t, nil, dispatcher.Service{Name: "words", RunReady: stay}, dispatcher.Service{Name: "letters", RunReady: stay})
		start := make(chan error)
		go func() { start <- b.Start(t.Context()) }()
		synctest.Wait() // Start waits for two tasks that are never ready
		b.stop(t)
		if err := <-start; !errors.Is(err, dispatcher.ErrStopping) {
			t.Errorf("Start: %v; want ErrStopping", err)
		}
		if n := running.Load(); n != 0 {
			t.Errorf("%d tasks run on", n)
		}
	})
}

// Contract B66: raced, so that the detector sees it.
func TestStartAndStopMayRace(t *testing.T) {
	t.Parallel()

	for range 50 {
		var running, ran atomic.Int32
		b := newBench(t, nil, dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
			running.Add(1)
			defer running.Add(-1)
			return untilTold(ctx)
		}}, dispatcher.Schedule{Name: "letters", Every: time.Millisecond, Run: nothing})
		var taken, start error
		var all sync.WaitGroup
		all.Go(func() { start = b.Start(t.Context()) })
		all.Go(func() { _ = b.Stop(t.Context()) })
		all.Go(func() { b.Snapshot() })
		all.Go(func() {
			taken = b.Go(t.Context(), "once", func(context.Context) error {
				ran.Add(1)
				return nil
			})
		})
		all.Wait()
		err := b.Stop(t.Context())
		if start != nil && !errors.Is(start, dispatcher.ErrStopping) {
			t.Errorf("Start: %v; want no error, or ErrStopping", start)
		}
		if n := running.Load(); n != 0 {
			t.Fatalf("%d tasks run on after the stop", n)
		}
		switch {
		case taken != nil:
			if ran.Load() != 0 || !errors.Is(taken, dispatcher.ErrStopping) {
				t.Errorf("Go: %v, and it ran %d times; want ErrStopping and never", taken, ran.Load())
			}
		case (ran.Load() == 1) != (err == nil):
			t.Errorf("a one-shot that was taken ran %d times and the stop says %v; want it to run or to be named", ran.Load(), err)
		}
	}
}

// Contract B67.
func TestADispatcherStartsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var starts atomic.Int32
		b := newBench(t, nil, dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
			starts.Add(1)
			return untilTold(ctx)
		}})
		var failed atomic.Int32
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := b.Start(t.Context()); err != nil {
					failed.Add(1)
					if !strings.Contains(err.Error(), "already started") {
						t.Errorf("Start: %v; want it to say that it is already started", err)
					}
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if failed.Load() != 4 || starts.Load() != 1 {
			t.Errorf("%d of 5 starts failed and the task ran %d times; want 4 and once", failed.Load(), starts.Load())
		}
		b.stop(t)
	})
}

// Contract B74.
func TestStartReturnsWhenTheTasksThatSaySoAreReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		readyAfter := func(d time.Duration) func(context.Context, func()) error {
			return func(ctx context.Context, ready func()) error {
				<-time.After(d)
				ready()
				return untilTold(ctx)
			}
		}
		b := newBench(t, nil,
			dispatcher.Service{Name: "fast", RunReady: readyAfter(time.Second)},
			dispatcher.Service{Name: "slow", RunReady: readyAfter(3 * time.Second)},
			dispatcher.Service{Name: "plain", Run: untilTold},
		)
		begun := time.Now()
		go func() {
			<-time.After(2 * time.Second)
			if fast, slow := b.state(t, "fast").State, b.state(t, "slow").State; fast != dispatcher.Running || slow != dispatcher.Starting {
				t.Errorf("after 2s fast is %s and slow is %s; want running and starting", fast, slow)
			}
		}()
		if err := b.Start(t.Context()); err != nil {
			t.Fatalf("Start: %v", err)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("Start took %v; want 3s, as long as the slow task", took)
		}
		b.stop(t)
	})
}

// Contract B74.
func TestATaskThatEndsBeforeItIsReadyFailsTheStart(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		run  func(context.Context, func()) error
		want string
	}{
		{"an error", func(context.Context, func()) error { return errBoom }, `service "words": ended before it was ready: boom`},
		{"nil", func(context.Context, func()) error { return nil }, `service "words": ended before it was ready: it returned nil`},
		{"done", func(context.Context, func()) error { return dispatcher.ErrDone }, `service "words": ended before it was ready: done`},
		{"a panic", func(context.Context, func()) error { panic("boom") }, `service "words": ended before it was ready: panic: boom`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var running atomic.Int32
				b := newBench(t, nil,
					dispatcher.Service{Name: "words", RunReady: tt.run},
					dispatcher.Service{Name: "never ready", RunReady: func(ctx context.Context, _ func()) error { return untilTold(ctx) }},
					dispatcher.Service{Name: "letters", Run: func(ctx context.Context) error {
						running.Add(1)
						defer running.Add(-1)
						return untilTold(ctx)
					}},
				)
				err := b.Start(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Start: %v; want it to say %s", err, tt.want)
				}
				if n := running.Load(); n != 0 {
					t.Errorf("%d tasks run on after the failed start", n)
				}
				if s := b.state(t, "words"); s.State != dispatcher.Failed || s.Starts != 1 {
					t.Errorf("the task is %+v; want it failed after one start", s)
				}
				if b.shutdown.asked() != nil {
					t.Error("the application was asked to stop, too")
				}
				b.stop(t)
			})
		})
	}
}

func TestChangedTellsWhoWaitsForAState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		b := started(t, nil, dispatcher.Service{Name: "words", Run: func(context.Context) error {
			<-end
			return nil
		}})
		for _, step := range []struct {
			what string
			do   func()
			told bool
		}{
			{"nothing", func() {}, false},
			{"the end of a task", func() { close(end) }, true},
			{"a one-shot", func() { _ = b.Go(t.Context(), "thumbnail", untilTold) }, true},
		} {
			synctest.Wait()
			changed := b.Changed()
			step.do()
			synctest.Wait()
			select {
			case <-changed:
				if !step.told {
					t.Errorf("%s: told", step.what)
				}
			default:
				if step.told {
					t.Errorf("%s: not told", step.what)
				}
			}
		}
		b.stop(t)
	})
}

func TestAStartThatTakesTooLongNamesWhatIsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil,
			dispatcher.Service{Name: "never", RunReady: func(ctx context.Context, _ func()) error { return untilTold(ctx) }},
			dispatcher.Service{Name: "at once", RunReady: func(ctx context.Context, ready func()) error {
				ready()
				return untilTold(ctx)
			}},
		)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.Start(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `service "never": starting`) || strings.Contains(err.Error(), "at once") {
			t.Errorf(`Start: %v; want the end of its context and the name "never"`, err)
		}
		b.stop(t)
	})
}
