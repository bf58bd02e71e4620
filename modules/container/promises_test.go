package container_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// application is what a container and a plain fx.App have in common: the
// engine's promises hold through both.
type application interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// throughBoth runs a test with an application of the options as a container and
// as a plain fx.App, in a bubble of fake time.
func throughBoth(t *testing.T, test func(t *testing.T, build func(...fx.Option) application)) {
	t.Helper()
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain Fx %t", plain), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				test(t, func(options ...fx.Option) application {
					p, _, _ := quiet()
					p.Sources.Set = []string{"app.start_timeout=2s", "app.stop_timeout=4s"}
					options = append(options, container.Module)
					if !plain {
						return container.New(p, options...)
					}
					return fxtest.New(t, append(options, fx.Supply(p))...)
				})
			})
		})
	}
}

func hook(h fx.Hook) fx.Option { return fx.Invoke(func(lc fx.Lifecycle) { lc.Append(h) }) }

func ignoring(d time.Duration) func(context.Context) error {
	return func(context.Context) error { <-time.After(d); return nil }
}

// Contract B7, B13, B14, B16.
func TestAnFxHookThatFailsRollsTheStartBack(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		hook func(d *diary, lc fx.Lifecycle) fx.Hook
		is   error
		says string
		did  string
	}{
		"late": {
			hook: func(*diary, fx.Lifecycle) fx.Hook {
				return fx.Hook{OnStart: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
			},
			is: context.DeadlineExceeded, says: "2s", did: "+a -a",
		},
		"given up, and successful then": {
			hook: func(d *diary, _ fx.Lifecycle) fx.Hook {
				return fx.Hook{OnStart: ignoring(time.Minute), OnStop: d.hook("late").OnStop}
			},
			is: lifecycle.ErrAbandoned, says: "left behind", did: "+a -a -late",
		},
		"panic": {
			hook: func(*diary, fx.Lifecycle) fx.Hook {
				return fx.Hook{OnStart: func(context.Context) error { panic(errBoom) }}
			},
			is: errBoom, says: "panic: boom", did: "+a -a",
		},
		"late Append": {
			hook: func(d *diary, lc fx.Lifecycle) fx.Hook {
				return fx.Hook{OnStart: func(context.Context) error { lc.Append(d.hook("tardy")); return nil }}
			},
			is: lifecycle.ErrStarted, says: "diary", did: "+a -a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			throughBoth(t, func(t *testing.T, build func(...fx.Option) application) {
				d := new(diary)
				app := build(hook(d.hook("a")), fx.Invoke(func(lc fx.Lifecycle) { lc.Append(tt.hook(d, lc)) }))
				if err := app.Start(t.Context()); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Start = %v; want %v and %q", err, tt.is, tt.says)
				}
				<-time.After(2 * time.Minute)
				synctest.Wait()
				if d.String() != tt.did {
					t.Errorf("did %q; want %q", d, tt.did)
				}
			})
		})
	}
}

// Contract B13: where Fx itself gives up, which no setting of ours lets it, the
// rollback goes on behind it.
func TestARollbackOutlivesTheContextGivenToFx(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		p, _, _ := quiet()
		app := fx.New(container.Module, fx.Supply(p), hook(d.hook("a")),
			hook(fx.Hook{OnStart: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := app.Start(ctx); err == nil {
			t.Error("Start = nil; want the deadline")
		}
		synctest.Wait()
		if d.String() != "+a -a" {
			t.Errorf("did %q; want +a -a", d)
		}
	})
}

// Contract B21, B22, B24, B28, B29.
func TestEveryFxHookIsStoppedWhateverTheOthersDo(t *testing.T) {
	t.Parallel()

	nothing := func(context.Context) error { return nil }
	throughBoth(t, func(t *testing.T, build func(...fx.Option) application) {
		d := new(diary)
		app := build(
			hook(d.hook("a")),
			hook(fx.Hook{OnStart: nothing, OnStop: func(context.Context) error { return errBoom }}),
			hook(d.hook("b")),
			hook(fx.Hook{OnStart: nothing, OnStop: func(context.Context) error { panic("stuck") }}),
			hook(d.hook("c")),
			hook(fx.Hook{OnStart: nothing, OnStop: ignoring(time.Hour)}),
			hook(d.hook("d")),
		)
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err := app.Stop(t.Context())
		if took := time.Since(begin); took > 4500*time.Millisecond {
			t.Errorf("Stop took %v; want the limit of 4s and at most 0.5s", took)
		}
		if d.String() != "+a +b +c +d -d -c -b -a" {
			t.Errorf("did %q; want all stopped", d)
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 || !strings.Contains(lines[0], "left behind") || !strings.Contains(lines[1], "panic: stuck") || !strings.Contains(lines[2], "boom") {
			t.Errorf("Stop = %v; want three errors in the order of the stop", err)
		}
		<-time.After(time.Hour)
		synctest.Wait()
	})
}

// Contract B27, B41.
func TestStoppingAnFxApplicationAgainDoesNothing(t *testing.T) {
	t.Parallel()

	throughBoth(t, func(t *testing.T, build func(...fx.Option) application) {
		d := new(diary)
		app := build(hook(d.hook("a")))
		if err := errors.Join(app.Start(t.Context()), app.Stop(t.Context()), app.Stop(t.Context())); err != nil {
			t.Error(err)
		}
		if d.String() != "+a -a" {
			t.Errorf("did %q; want +a -a", d)
		}
	})
}

// Contract B66.
func TestStopDuringTheStartOfAContainer(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		starting := make(chan struct{})
		c := newApp(hook(d.hook("a")), hook(fx.Hook{OnStart: func(ctx context.Context) error {
			close(starting)
			<-ctx.Done()
			return ctx.Err()
		}}))
		stopped := make(chan error, 1)
		go func() {
			<-starting
			stopped <- c.Stop(t.Context())
		}()
		if err := c.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
			t.Errorf("Start = %v; want ErrStopped", err)
		}
		if err := <-stopped; err != nil || d.String() != "+a -a" {
			t.Errorf("Stop = %v after %s; want nil after +a -a", err, d)
		}
	})
}

// Contract B67.
func TestASecondStartLeavesTheContainerRunning(t *testing.T) {
	t.Parallel()

	d := new(diary)
	c := newApp(hook(d.hook("a")))
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); !errors.Is(err, lifecycle.ErrStarted) || d.String() != "+a" {
		t.Errorf("second Start = %v after %s; want ErrStarted and a running application", err, d)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Contract B19.
func TestABuildThatIsRefusedReleasesWhatConstructorsHold(t *testing.T) {
	t.Parallel()

	d := new(diary)
	c := newApp(hook(fx.Hook{OnStop: d.hook("pool").OnStop}),
		container.CleanupCtx(func() lifecycle.Hook {
			return lifecycle.Hook{Setup: d.setup("a"), StopTimeout: time.Hour}
		}))
	if err := c.Build(); !errors.Is(err, lifecycle.ErrLimits) || d.String() != "-pool" {
		t.Errorf("Build = %v after %s; want ErrLimits and the release", err, d)
	}
}

// Contract B77, B78, B86: nothing is built until something asks, and then once;
// what a helper adds is asked for by itself.
func TestOnlyWhatIsAskedForIsBuiltAndOnce(t *testing.T) {
	t.Parallel()

	var built []string
	c := newApp(
		fx.Provide(
			func() *dsn { built = append(built, "dsn"); return &dsn{} },
			func(*dsn) *db { built = append(built, "db"); return &db{} },
			func() *orders { built = append(built, "orders"); return &orders{} },
		),
		container.CleanupCtx(func(*db) lifecycle.Setup { built = append(built, "hook"); return nil }),
		fx.Invoke(func(*db, *dsn) {}),
	)
	if err := c.Build(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(built, " "); got != "dsn db hook" {
		t.Errorf("built %q; want dsn, db and hook, once each", got)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Contract B82.
func TestHooksStartInTheOrderOfDependencies(t *testing.T) {
	t.Parallel()

	d := new(diary)
	provide := fx.Provide(
		func(lc fx.Lifecycle, _ *db) *orders { lc.Append(d.hook("orders")); return &orders{} },
		func(lc fx.Lifecycle, _ *dsn) *db { lc.Append(d.hook("db")); return &db{} },
		func(lc fx.Lifecycle) *dsn { lc.Append(d.hook("dsn")); return &dsn{} },
	)
	cycle(t, provide, fx.Invoke(useOrders))
	if got := d.String(); got != "+dsn +db +orders -orders -db -dsn" {
		t.Errorf("did %q; want what is needed first, and last down", got)
	}
}
