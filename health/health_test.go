package health_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func registry(t *testing.T, checks ...health.Check) *health.Registry {
	t.Helper()
	r := health.NewRegistry(func() bool { return true })
	if err := r.Add(checks...); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAFailingCheckIsNamed(t *testing.T) {
	t.Parallel()

	bad := map[string]func(context.Context) error{
		"error":  func(context.Context) error { return errors.New("no route") },
		"panic":  func(context.Context) error { panic("no route") },
		"goexit": func(context.Context) error { runtime.Goexit(); return nil },
	}
	for name, probe := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registry(t, health.Ready.Check("db", probe), health.Ready.Check("cache", func(context.Context) error { return nil }))
			err := r.Err(t.Context(), health.Ready)
			if err == nil || !strings.HasPrefix(err.Error(), "db: ") || strings.Contains(err.Error(), "cache") {
				t.Errorf("Err = %v; want db named, and cache not", err)
			}
			if err := r.Err(t.Context(), health.Live); err != nil {
				t.Errorf("Err = %v for the kind live; want nil: the kinds are apart", err)
			}
		})
	}
}

func TestNothingIsReadyWhileTheApplicationDoesNotRun(t *testing.T) {
	t.Parallel()

	r := health.NewRegistry(func() bool { return false })
	for kind, want := range map[health.Kind]error{health.Ready: health.ErrNotRunning, health.Startup: health.ErrNotRunning, health.Live: nil} {
		if err := r.Err(t.Context(), kind); !errors.Is(err, want) {
			t.Errorf("Err(%s) = %v; want %v", kind, err, want)
		}
	}
}

func TestChecksRunSideBySideAndAreCutOffAfterASecond(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		r := registry(t, health.Ready.Check("a", slow), health.Ready.Check("b", slow), health.Ready.Check("c", slow))
		begin := time.Now()
		err := r.Err(t.Context(), health.Ready)
		if took := time.Since(begin); err == nil || took != time.Second {
			t.Errorf("Err = %v after %v; want an error after one second", err, took)
		}
	})
}

func TestACheckThatIgnoresItsContextDoesNotPileUp(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		stuck := make(chan struct{})
		r := registry(t, health.Ready.Check("stuck", func(context.Context) error {
			most.Store(max(most.Load(), running.Add(1)))
			<-stuck
			running.Add(-1)
			return nil
		}))
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := r.Err(t.Context(), health.Ready); err == nil || !strings.Contains(err.Error(), "stuck: no answer within 1s") {
					t.Errorf("Err = %v; want that it does not answer", err)
				}
			})
		}
		all.Wait()
		begin := time.Now()
		if err := r.Err(t.Context(), health.Ready); err == nil || time.Since(begin) > 0 {
			t.Errorf("Err = %v after %v; want an error at once: it is known by now", err, time.Since(begin))
		}
		close(stuck)
		synctest.Wait()
		if n := most.Load(); n != 1 {
			t.Errorf("%d probes at a time; want 1", n)
		}
		if err := r.Err(t.Context(), health.Ready); err != nil {
			t.Errorf("Err = %v after it recovered; want nil", err)
		}
	})
}

func TestAnAnswerIsUsedForASecond(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		r := registry(t, health.Live.Check("count", func(context.Context) error { asked.Add(1); return nil }))
		for range 21 { // at 0, 0.1, ... 2 seconds
			_ = r.Err(t.Context(), health.Live)
			<-time.After(100 * time.Millisecond)
		}
		if n := asked.Load(); n != 3 {
			t.Errorf("asked %d times in 2 seconds; want 3", n)
		}
	})
}

func TestACallerThatGoesAwayDoesNotEndTheCheck(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		r := registry(t, health.Ready.Check("slow", func(ctx context.Context) error {
			select {
			case <-time.After(500 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := r.Err(ctx, health.Ready); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Err = %v; want the caller's deadline", err)
		}
		if err := r.Err(t.Context(), health.Ready); err != nil {
			t.Errorf("Err = %v for the next caller; want nil", err)
		}
	})
}

func TestAskTellsOfAllChecksInTheirOrder(t *testing.T) {
	t.Parallel()

	bad := errors.New("no route")
	r := registry(t, health.Ready.Check("db", func(context.Context) error { return bad }),
		health.Live.Check("loop", func(context.Context) error { return nil }),
		health.Startup.Check("cache", func(context.Context) error { return nil }))
	want := []health.Answer{{Name: "db", Kind: health.Ready, Err: bad}, {Name: "loop", Kind: health.Live}, {Name: "cache", Kind: health.Startup}}
	if got := r.Ask(t.Context()); !slices.Equal(got, want) {
		t.Errorf("Ask() = %v; want %v", got, want)
	}
	if got := r.Ask(t.Context(), health.Startup, health.Ready); !slices.Equal(got, []health.Answer{want[0], want[2]}) {
		t.Errorf("Ask(startup, ready) = %v; want those of the two kinds", got)
	}
}

func TestChecksThatCannotBeToldApartOrAskedAreRefused(t *testing.T) {
	t.Parallel()

	fine := func(context.Context) error { return nil }
	err := registry(t, health.Ready.Check("db", fine), health.Live.Check("db", fine)).
		Add(health.Ready.Check("db", fine), health.Ready.Check("", fine), health.Live.Check("loop", nil), health.Check{Name: "odd", Kind: "often", Probe: fine})
	for _, want := range []string{`"db": another one of kind ready`, `"": want a name`, `"loop": want a name and a probe`, `"odd": it is of kind "often"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Add = %v; want %s in it", err, want)
		}
	}
}

func ExampleProvide() {
	module := fx.Module("cache", health.Provide(newCheck))
	_ = module
}

func newCheck() health.Check {
	return health.Ready.Check("cache", func(ctx context.Context) error {
		return nil // ask it something cheap, within ctx
	})
}
