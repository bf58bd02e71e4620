package container_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"
)

// The canaries pin faults of Fx that this package works around. Where one
// fails, Fx was mended, and what is named in its comment can go.

// Container.Start and the engine's own limits: a start whose context ends
// leaves what had started running, and a later Stop does nothing.
func TestCanaryFxSkipsTheRollbackOfALateStart(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var stopped atomic.Bool
		app := fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle) {
			lc.Append(fx.Hook{
				OnStart: func(context.Context) error { return nil },
				OnStop:  func(context.Context) error { stopped.Store(true); return nil },
			})
			lc.Append(fx.Hook{OnStart: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := app.Start(ctx); err == nil {
			t.Fatal("Start = nil; want the deadline")
		}
		synctest.Wait()
		if err := app.Stop(t.Context()); err != nil || stopped.Load() {
			t.Errorf("Stop = %v, stopped %t: Fx has mended its late rollback", err, stopped.Load())
		}
	})
}

// Container.Start asks the engine first: a second Start stops the running
// application.
func TestCanaryFxStopsOnASecondStart(t *testing.T) {
	t.Parallel()

	d := new(diary)
	app := fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("a")) }))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err == nil || d.String() != "+a -a" {
		t.Errorf("second Start = %v after %s: Fx has mended its second start", err, d)
	}
}

// Override, which collects replacements itself: a Replace that changes nothing
// is silent.
func TestCanaryFxIsSilentAboutAReplaceThatChangesNothing(t *testing.T) {
	t.Parallel()

	app := fx.New(fx.NopLogger, fx.Replace(&orders{}))
	if err := app.Err(); err != nil {
		t.Errorf("New = %v: Fx tells of a Replace without effect", err)
	}
}

// decorateLifecycle in the root: inside a module a decoration does not reach
// the siblings.
func TestCanaryADecorationInAModuleDoesNotReachItsSiblings(t *testing.T) {
	t.Parallel()

	type label string
	var got label
	app := fx.New(fx.NopLogger, fx.Supply(label("plain")),
		fx.Module("a", fx.Decorate(func(label) label { return "decorated" })),
		fx.Module("b", fx.Invoke(func(l label) { got = l })))
	if err := app.Err(); err != nil || got != "plain" {
		t.Errorf("the sibling saw %q, %v: Fx has changed the reach of decorations", got, err)
	}
}
