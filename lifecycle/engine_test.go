package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// app is an engine whose hooks write down what they do.
type app struct {
	*lifecycle.Engine
	t *testing.T

	mu  sync.Mutex
	did []string
}

func newApp(t *testing.T, limits lifecycle.Limits) *app {
	t.Helper()
	e := lifecycle.NewEngine(nil)
	e.SetLimits(limits)
	return &app{Engine: e, t: t}
}

// start and stop expect no error.
func (a *app) start() {
	a.t.Helper()
	if err := a.Start(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

func (a *app) stop() {
	a.t.Helper()
	if err := a.Stop(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

func (a *app) do(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.did = append(a.did, what)
}

// part says what one hook does beyond writing "+name" and "-name" down.
type part struct {
	name        string
	phase       lifecycle.Phase
	start, stop func(ctx context.Context) error
	startLimit  time.Duration
	stopLimit   time.Duration
}

func (a *app) add(parts ...part) *app {
	a.t.Helper()
	for _, p := range parts {
		a.append(lifecycle.Hook{
			Name: p.name, Phase: p.phase, StartTimeout: p.startLimit, StopTimeout: p.stopLimit,
			Setup: func(ctx context.Context) (lifecycle.Cleanup, error) {
				if p.start != nil {
					if err := p.start(ctx); err != nil {
						return nil, err
					}
				}
				a.do("+" + p.name)
				return func(ctx context.Context) error {
					if p.stop != nil {
						if err := p.stop(ctx); err != nil {
							return err
						}
					}
					a.do("-" + p.name)
					return nil
				}, nil
			},
		})
	}
	return a
}

func (a *app) append(h lifecycle.Hook) {
	a.t.Helper()
	if err := a.Append(h); err != nil {
		a.t.Fatalf("Append(%s) = %v", h.Name, err)
	}
}

func (a *app) want(did string) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := strings.Join(a.did, " "); got != did {
		a.t.Errorf("did %q; want %q", got, did)
	}
}

func (a *app) wantState(want lifecycle.State) {
	a.t.Helper()
	if got := a.State(); got != want {
		a.t.Errorf("state is %s; want %s", got, want)
	}
}

func (a *app) outcome(hook string) (start, stop string) {
	for _, h := range a.Report().Hooks {
		if h.Name == hook {
			if h.Start != nil {
				start = h.Start.Outcome
			}
			if h.Stop != nil {
				stop = h.Stop.Outcome
			}
		}
	}
	return start, stop
}

func fails(context.Context) error  { return errBoom }
func panics(context.Context) error { panic(errBoom) }
func exits(context.Context) error  { runtime.Goexit(); return nil }

func waits(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// Contract B1, B3, B20, B47, B58, B104.
func TestPhasesGoUpInOrderAndDownInReverse(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{}).add(
		part{name: "serve", phase: lifecycle.Serve},
		part{name: "first", phase: lifecycle.Resource},
		part{name: "work", phase: lifecycle.Work},
		part{name: "observe", phase: lifecycle.Observe},
		part{name: "second"},
	)
	a.start()
	a.wantState(lifecycle.Running)
	a.stop()
	a.want("+observe +first +second +work +serve -serve -work -second -first -observe")
	a.wantState(lifecycle.Stopped)
}

// Contract B9, B10, B11, B16, B81.
func TestFailedStartReleasesWhatHadStartedInReverse(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name    string
		start   func(context.Context) error
		outcome string
		says    string
		stack   string // of what panicked
	}{
		{"error", fails, "error", "start c (resource): boom", ""},
		{"panic", panics, "panic", "start c (resource): panic: boom", "lifecycle_test.panics"},
		{"goexit", exits, "panic", "start c (resource): panic: the goroutine ended without returning (runtime.Goexit)", "lifecycle_test.exits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, lifecycle.Limits{}).add(part{name: "a"}, part{name: "b"}, part{name: "c", start: tt.start}, part{name: "d"})
			err := a.Start(t.Context())
			if err == nil || err.Error() != tt.says || errors.Is(err, errBoom) != strings.Contains(tt.says, "boom") {
				t.Errorf("Start = %v; want %s, and the very error of the hook", err, tt.says)
			}
			var where *lifecycle.HookError
			if !errors.As(err, &where) || where.Hook != "c" || where.Op != "start" {
				t.Errorf("Start = %v; want it to name hook c", err)
			}
			a.want("+a +b -b -a")
			a.wantState(lifecycle.Failed)

			hooks := a.Report().Hooks
			if call := hooks[2].Start; call.Outcome != tt.outcome || call.Error != tt.says || !strings.Contains(call.Stack, tt.stack) {
				t.Errorf("the report says %+v of the hook; want its error and the stack of its panic", call)
			}
			if hooks[1].Stop.Outcome != "ok" || hooks[2].Stop != nil || hooks[3].Start != nil {
				t.Errorf("the report is %+v; want a stopped, a failed and an untouched hook", hooks)
			}
			if p := (*lifecycle.PanicError)(nil); errors.As(err, &p) != (tt.stack != "") {
				t.Errorf("Start = %v; want a PanicError where it panicked", err)
			}
		})
	}
}

// Contract B13.
func TestStartTimeoutRollsBack(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var left time.Duration
		a := newApp(t, lifecycle.Limits{Start: time.Second, Stop: 10 * time.Second}).add(
			part{name: "a", stop: func(ctx context.Context) error {
				deadline, _ := ctx.Deadline()
				left = time.Until(deadline)
				return ctx.Err()
			}},
			part{name: "slow", start: waits})
		begin := time.Now()
		err := a.Start(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), "1s") {
			t.Errorf("Start = %v; want the deadline, the hook's name and the limit", err)
		}
		a.want("+a -a")
		if left != 10*time.Second {
			t.Errorf("the rollback had %v left; want a fresh 10s", left)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("Start took %v; want 1s", took)
		}
	})
}

// Contract B8.
func TestAHooksOwnStartLimitNamesIt(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		dial := func(ctx context.Context) error { return fmt.Errorf("dial the database: %w", waits(ctx)) }
		a := newApp(t, lifecycle.Limits{}).add(part{name: "a"}, part{name: "slow", start: dial, startLimit: 2 * time.Second})
		begin := time.Now()
		err := a.Start(t.Context())
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("Start took %v; want 2s", took)
		}
		for _, want := range []string{"slow", "dial the database", "2s"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Start = %v; want the hook's name, its error and its limit", err)
			}
		}
		a.want("+a -a")
	})
}

func TestTheContextOfASetupEndsWithTheSetup(t *testing.T) {
	t.Parallel()

	var kept context.Context
	a := newApp(t, lifecycle.Limits{}).add(
		part{name: "keeps", start: func(ctx context.Context) error { kept = ctx; return nil }},
		part{name: "next", start: func(context.Context) error { return kept.Err() }})
	if err := a.Start(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("the kept context says %v while the next hook starts; want its end, so that who keeps it notices soon", err)
	}
}

// Contract B14.
func TestLateSuccessIsReleasedWhenItComes(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{Start: time.Second}).add(part{name: "a"}, part{name: "late", start: func(context.Context) error {
			<-time.After(time.Minute)
			return nil
		}})
		begin := time.Now()
		err := a.Start(t.Context())
		if !errors.Is(err, lifecycle.ErrAbandoned) || time.Since(begin) > 1500*time.Millisecond {
			t.Errorf("Start = %v after %v; want ErrAbandoned within the limit and 0.5s", err, time.Since(begin))
		}
		a.want("+a -a")
		<-time.After(2 * time.Minute)
		synctest.Wait()
		a.want("+a -a +late -late")
		if start, stop := a.outcome("late"); start != "late" || stop != "ok" {
			t.Errorf("the report says %q, %q; want late, ok", start, stop)
		}
	})
}

// Contract B15.
func TestAStartThatIsToEndIsRolledBack(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		before, during func(a *app, cancel context.CancelCauseFunc)
		did            string
	}{
		"its context has ended": {before: func(_ *app, cancel context.CancelCauseFunc) { cancel(errBoom) }},
		"its context ends":      {during: func(_ *app, cancel context.CancelCauseFunc) { cancel(errBoom) }, did: "+a -a"},
		"Shutdown before it":    {before: func(a *app, _ context.CancelCauseFunc) { a.Shutdown(errBoom) }},
		"Shutdown during it":    {during: func(a *app, _ context.CancelCauseFunc) { a.Shutdown(errBoom) }, did: "+a -a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				a := newApp(t, lifecycle.Limits{})
				fresh := func(ctx context.Context) error {
					if deadline, _ := ctx.Deadline(); time.Until(deadline) != 25*time.Second {
						t.Errorf("the rollback had %v left; want a fresh 25s", time.Until(deadline))
					}
					return ctx.Err()
				}
				a.add(part{name: "a", stop: fresh}, part{name: "slow", start: func(ctx context.Context) error {
					<-time.After(time.Second)
					tt.during(a, cancel)
					return waits(ctx)
				}}, part{name: "never"})
				if tt.before != nil {
					tt.before(a, cancel)
				}
				if err := a.Start(ctx); !errors.Is(err, lifecycle.ErrStopped) || !errors.Is(err, errBoom) {
					t.Errorf("Start = %v; want ErrStopped with the cause", err)
				}
				a.want(tt.did)
				a.wantState(lifecycle.Stopped)
			})
		})
	}
}

// Contract B66.
func TestStopDuringStartWaitsForItsRollback(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{})
		starting, stopped := make(chan struct{}), make(chan error, 1)
		a.add(part{name: "a"}, part{name: "b", start: func(ctx context.Context) error {
			close(starting)
			<-ctx.Done()
			return nil // it succeeds all the same
		}}, part{name: "never"})
		go func() {
			<-starting
			stopped <- a.Stop(t.Context())
		}()
		if err := a.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
			t.Errorf("Start = %v; want ErrStopped", err)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Stop = %v; want nil after a clean rollback", err)
		}
		a.want("+a +b -b -a")
		a.wantState(lifecycle.Stopped)
	})
}

// Contract B17.
func TestErrorsOfTheRollbackFollowTheStartError(t *testing.T) {
	t.Parallel()

	errStop := errors.New("will not close")
	a := newApp(t, lifecycle.Limits{}).add(
		part{name: "a", stop: func(context.Context) error { return errStop }},
		part{name: "b", start: fails})
	err := a.Start(t.Context())
	want := "start b (resource): boom\nstop a (resource): will not close"
	if !errors.Is(err, errBoom) || !errors.Is(err, errStop) || err.Error() != want {
		t.Errorf("Start = %q; want %q", err, want)
	}
}

// Contract B21, B22, B23, B25, B28, B29.
func TestEveryHookIsStoppedWhateverTheOthersDo(t *testing.T) {
	t.Parallel()

	for _, fault := range []string{"error", "panic", "goexit", "cancellation", "hang"} {
		for k := range 5 {
			t.Run(fmt.Sprintf("%s in hook %d", fault, k), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					stuck := make(chan struct{})
					stop := map[string]func(context.Context) error{
						"error": fails, "panic": panics, "goexit": exits,
						"cancellation": func(context.Context) error { return context.Canceled },
						"hang":         func(context.Context) error { <-stuck; return nil },
					}[fault]
					a := newApp(t, lifecycle.Limits{Stop: 2 * time.Second})
					var want []string
					for i := range 5 {
						p := part{name: fmt.Sprint(i)}
						if i == k {
							p.stop = stop
						} else {
							want = append(want, fmt.Sprintf("-%d", i))
						}
						a.add(p)
					}
					slices.Reverse(want)
					a.start()
					begin := time.Now()
					err := a.Stop(t.Context())
					var where *lifecycle.HookError
					if !errors.As(err, &where) || where.Hook != fmt.Sprint(k) || where.Op != "stop" {
						t.Errorf("Stop = %v; want an error that names hook %d", err, k)
					}
					if took := time.Since(begin); took > 2500*time.Millisecond {
						t.Errorf("Stop took %v; want at most the limit and 0.5s", took)
					}
					a.want("+0 +1 +2 +3 +4 " + strings.Join(want, " "))
					if fault != "hang" {
						return
					}
					if stop := a.Report().Hooks[k].Stop; !errors.Is(err, lifecycle.ErrAbandoned) || stop.Outcome != "abandoned" || !strings.Contains(stop.Stack, "TestEveryHookIsStopped") {
						t.Errorf("Stop = %v, the report says %+v of the hook that hangs; want abandoned, and the stack that holds it", err, stop)
					}
					close(stuck)
					synctest.Wait()
					if _, stop := a.outcome(fmt.Sprint(k)); stop != "late" {
						t.Errorf("the report says %q after it ended; want late", stop)
					}
				})
			})
		}
	}
}

// Contract B22.
func TestErrorsOfAStopAreJoinedInOrder(t *testing.T) {
	t.Parallel()

	errA, errC := errors.New("a is stuck"), errors.New("c is stuck")
	a := newApp(t, lifecycle.Limits{}).add(
		part{name: "a", stop: func(context.Context) error { return errA }},
		part{name: "b"},
		part{name: "c", phase: lifecycle.Serve, stop: func(context.Context) error { return errC }})
	a.start()
	err := a.Stop(t.Context())
	want := "stop c (serve): c is stuck\nstop a (resource): a is stuck"
	if !errors.Is(err, errA) || !errors.Is(err, errC) || err.Error() != want {
		t.Errorf("Stop = %q; want %q", err, want)
	}
}

// Contract B28.
func TestAllHooksHangingCostHalfASecondMore(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{Stop: time.Second})
		stuck := make(chan struct{})
		var began atomic.Int32
		for i := range 20 {
			a.add(part{name: fmt.Sprint(i), stop: func(context.Context) error {
				began.Add(1)
				<-stuck
				return nil
			}})
		}
		a.start()
		begin := time.Now()
		if err := a.Stop(t.Context()); err == nil || strings.Count(err.Error(), "left behind") != 20 {
			t.Errorf("Stop = %v; want all 20 named", err)
		}
		if took := time.Since(begin); took > 1500*time.Millisecond {
			t.Errorf("Stop took %v; want at most 1.5s", took)
		}
		if n := began.Load(); n != 20 {
			t.Errorf("%d of 20 cleanups began", n)
		}
		close(stuck)
	})
}

func TestAHooksOwnStopLimitLeavesTimeToTheOthers(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{}).add(
			part{name: "a", stop: func(context.Context) error { <-time.After(3 * time.Second); return nil }},
			part{name: "slow", stop: waits, stopLimit: time.Second})
		a.start()
		begin := time.Now()
		err := a.Stop(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), "1s") {
			t.Errorf("Stop = %v; want the deadline with the hook's name and limit", err)
		}
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("Stop took %v; want 4s", took)
		}
		a.want("+a +slow -a")
	})
}

func TestWorkAndServeStopSideBySide(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context) error { <-time.After(time.Second); return nil }
		a := newApp(t, lifecycle.Limits{})
		for _, phase := range []lifecycle.Phase{lifecycle.Work, lifecycle.Serve, lifecycle.Resource} {
			for i := range 3 {
				a.add(part{name: fmt.Sprint(phase, i), phase: phase, stop: slow})
			}
		}
		a.start()
		begin := time.Now()
		a.stop()
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("Stop took %v; want 1s for Serve, 1s for Work and 3s for the resources", took)
		}
	})
}

// Contract B27, B41, B64.
func TestStoppingAgainReturnsTheSameResult(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{}).add(part{name: "a", stop: fails})
	a.start()
	first, second := a.Stop(t.Context()), a.Stop(t.Context())
	if first == nil || first != second {
		t.Errorf("Stop = %v, then %v; want the same error twice", first, second)
	}
	if r := a.Report(); len(r.Hooks) != 1 || r.Error != first.Error() {
		t.Errorf("the report says %q; want %q", r.Error, first)
	}
}

// Contract B27, B65.
func TestStopBeforeStartLeavesNothingToStart(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{}).add(part{name: "a"})
	a.stop()
	if err := a.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start = %v; want ErrStopped", err)
	}
	a.want("")
}

// Contract B67.
func TestSecondStartLeavesTheApplicationAlone(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{}).add(part{name: "a"})
	a.start()
	if err := a.Start(t.Context()); !errors.Is(err, lifecycle.ErrStarted) {
		t.Errorf("second Start = %v; want ErrStarted", err)
	}
	a.want("+a")
	a.wantState(lifecycle.Running)
	a.stop()
}

// Contract B7, B102.
func TestAppendAfterTheStartBeganFailsTheApplicationByName(t *testing.T) {
	t.Parallel()

	t.Run("while starting", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, lifecycle.Limits{})
		a.add(part{name: "a"}, part{name: "b", start: func(context.Context) error {
			_ = a.Append(lifecycle.Hook{Name: "tardy"})
			return nil
		}}, part{name: "never"})
		if err := a.Start(t.Context()); !errors.Is(err, lifecycle.ErrStarted) || !strings.Contains(err.Error(), "tardy") {
			t.Errorf("Start = %v; want ErrStarted and the hook's name", err)
		}
		a.want("+a +b -b -a")
	})
	t.Run("while running", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, lifecycle.Limits{}).add(part{name: "a"})
		a.start()
		if err := a.Append(lifecycle.Hook{Name: "tardy"}); !errors.Is(err, lifecycle.ErrStarted) || !strings.Contains(err.Error(), "tardy") {
			t.Errorf("Append = %v; want ErrStarted and the hook's name", err)
		}
		if err := a.Cause(); !errors.Is(err, lifecycle.ErrStarted) {
			t.Errorf("Cause = %v; want the application to end for it", err)
		}
		a.stop()
	})
}

// Contract B19.
func TestWhatIsHeldFromTheBeginningIsReleasedOnEveryPath(t *testing.T) {
	t.Parallel()

	held := func(a *app) *app {
		a.append(lifecycle.Hook{Name: "pool", Cleanup: func(context.Context) error { a.do("-pool"); return nil }})
		return a
	}
	t.Run("stop before start", func(t *testing.T) {
		t.Parallel()
		a := held(newApp(t, lifecycle.Limits{}).add(part{name: "a"}))
		a.stop()
		a.want("-pool")
	})
	t.Run("failed start of a hook before it", func(t *testing.T) {
		t.Parallel()
		a := held(newApp(t, lifecycle.Limits{}).add(part{name: "a", start: fails}))
		if err := a.Start(t.Context()); err == nil {
			t.Fatal("Start = nil")
		}
		a.want("-pool")
	})
	t.Run("stop", func(t *testing.T) {
		t.Parallel()
		a := held(newApp(t, lifecycle.Limits{}).add(part{name: "a"})).add(part{name: "b"})
		a.start()
		a.stop()
		a.want("+a +b -b -pool -a")
	})
}

// Contract B31.
func TestASetupWithoutCleanupHasNothingToRelease(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{})
	a.append(lifecycle.Hook{Name: "a", Setup: func(context.Context) (lifecycle.Cleanup, error) { return nil, nil }})
	a.start()
	a.stop()
	if _, stop := a.outcome("a"); stop != "" {
		t.Errorf("the stop of a hook without Cleanup is %q; want none", stop)
	}
}

type key struct{}

// Contract B6.
func TestValuesOfTheRootContextReachEveryHook(t *testing.T) {
	t.Parallel()

	var saw []any
	look := func(ctx context.Context) error { saw = append(saw, ctx.Value(key{})); return nil }
	a := newApp(t, lifecycle.Limits{}).add(part{name: "a", start: look, stop: look})
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "root"))
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	a.stop()
	if !slices.Equal(saw, []any{"root", "root"}) {
		t.Errorf("hooks saw %v; want the root's value in start and stop", saw)
	}
}

func TestStoppingClosesBeforeTheDrainDelay(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{DrainDelay: 5 * time.Second}).add(part{name: "a", phase: lifecycle.Serve})
		a.start()
		if a.Stopping().Begun() {
			t.Error("the stop of a running application has begun")
		}
		begin := time.Now()
		go func() { _ = a.Stop(t.Context()) }()
		<-a.Stopping()
		if !a.Stopping().Begun() {
			t.Error("the stop has not begun")
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("Stopping closed after %v; want at once", took)
		}
		synctest.Wait()
		a.want("+a")
		a.wantState(lifecycle.ShuttingDown)
		a.stop()
		a.want("+a -a")
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("the stop took %v; want the drain delay of 5s", took)
		}
	})
}

func TestOnlyAnApplicationThatWasRunningKeepsTheDrainDelay(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_ = newApp(t, lifecycle.Limits{DrainDelay: 5 * time.Second}).add(part{name: "a"}, part{name: "b", start: fails}).Start(t.Context())
		_ = newApp(t, lifecycle.Limits{DrainDelay: 5 * time.Second}).add(part{name: "a"}).Stop(t.Context())
		if took := time.Since(begin); took != 0 {
			t.Errorf("rollback and stop before start took %v; want no drain delay", took)
		}
	})
}

func TestTheEndOfTheStopsContextSpendsTheTime(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, lifecycle.Limits{DrainDelay: 10 * time.Second}).add(part{name: "a"}, part{name: "slow", stop: waits}, part{name: "c"})
		a.start()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := a.Stop(ctx); err == nil {
			t.Error("Stop = nil; want the error of the hook that was cut short")
		}
		if took := time.Since(begin); took < time.Second || took > 1500*time.Millisecond {
			t.Errorf("Stop took %v; want 1s, and at most 0.5s more", took)
		}
		a.want("+a +slow +c -c -a")
	})
}

func TestLimitsThatDoNotFitAreRefusedWithTheFigures(t *testing.T) {
	t.Parallel()

	limits := lifecycle.Limits{Stop: 20 * time.Second, DrainDelay: 5 * time.Second}
	parts := []part{
		{name: "http", phase: lifecycle.Serve, stopLimit: 10 * time.Second},
		{name: "tcp", phase: lifecycle.Serve, stopLimit: 9 * time.Second},
		{name: "tasks", phase: lifecycle.Work, stopLimit: 5 * time.Second},
		{name: "db"},
	}
	if err := newApp(t, limits).add(parts...).Check(); err != nil {
		t.Errorf("Check = %v; want nil: servers stop side by side", err)
	}
	a := newApp(t, limits).add(parts...).add(part{name: "mail", stopLimit: time.Second})
	err := a.Start(t.Context())
	if want := "the limit of the stop is too short: it is 20s, but drain delay 5s, mail 1s, http 10s, tasks 5s make 21s"; !errors.Is(err, lifecycle.ErrLimits) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Start = %v; want %s", err, want)
	}
	a.want("")
}

// Contract B42, B44.
func TestShutdownKeepsTheFirstCause(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{}).add(part{name: "a"})
	a.start()
	a.Shutdown(errBoom)
	a.Shutdown(nil)
	a.Shutdown(errors.New("another"))
	a.Wait(t.Context())
	if got := a.Cause(); got != errBoom {
		t.Errorf("Cause = %v; want the first", got)
	}
	a.stop()
	if got := a.Report().Cause; got != "boom" {
		t.Errorf("the report's cause is %q; want boom", got)
	}
}

// Contract B27, B66.
func TestStartAndStopFromManyGoroutines(t *testing.T) {
	t.Parallel()

	for range 50 {
		var held, twice atomic.Int32
		a := newApp(t, lifecycle.Limits{})
		for i := range 5 {
			a.append(lifecycle.Hook{Name: fmt.Sprint(i), Setup: func(context.Context) (lifecycle.Cleanup, error) {
				held.Add(1)
				var released atomic.Bool
				return func(context.Context) error {
					if released.Swap(true) {
						twice.Add(1)
					}
					held.Add(-1)
					return nil
				}, nil
			}})
		}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if i%2 == 0 {
					_ = a.Start(t.Context())
				} else {
					_ = a.Stop(t.Context())
				}
			})
		}
		all.Wait()
		if err := a.Stop(t.Context()); err != nil {
			t.Fatalf("Stop = %v", err)
		}
		if held.Load() != 0 || twice.Load() != 0 {
			t.Fatalf("%d held, %d released twice; want none", held.Load(), twice.Load())
		}
	}
}
