package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/lifecycle"
)

// witness is an observer that leaves where it was asked in the context.
type witness struct {
	mu    sync.Mutex
	heard []string
}

type placeKey struct{}

func place(ctx context.Context) string {
	at, _ := ctx.Value(placeKey{}).(string)
	return at
}

func (w *witness) observe(ctx context.Context, e lifecycle.Event) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !e.Begins {
		at := place(ctx) + " took " + e.Runtime.String()
		if e.Err != nil {
			at += ": " + e.Err.Error()
		}
		w.heard = append(w.heard, at)
		return nil // is not used
	}
	name := e.Op
	if e.Hook != nil {
		name += " " + e.Hook.Name
	}
	return context.WithValue(ctx, placeKey{}, strings.TrimPrefix(place(ctx)+" > "+name, " > "))
}

func (w *witness) want(t *testing.T, heard ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.heard, heard) {
		t.Errorf("the observer heard\n\t%s\nwant\n\t%s", strings.Join(w.heard, "\n\t"), strings.Join(heard, "\n\t"))
	}
}

func TestTheObserverGivesEachHookItsContext(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		w := new(witness)
		e := lifecycle.NewEngine(w.observe)
		e.SetLimits(lifecycle.Limits{DrainDelay: 5 * time.Second})
		var seen []string
		note := func(ctx context.Context) error {
			time.Sleep(time.Second)
			seen = append(seen, place(ctx))
			return nil
		}
		for _, name := range []string{"pool", "server"} {
			if err := e.Append(lifecycle.Hook{Name: name, Setup: lifecycle.StartStop(note, note)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(e.Start(t.Context()), e.Stop(t.Context())); err != nil {
			t.Fatal(err)
		}
		if want := []string{"start > start pool", "start > start server", "stop > stop server", "stop > stop pool"}; !slices.Equal(seen, want) {
			t.Errorf("hooks ran in %q; want %q", seen, want)
		}
		w.want(t, "start > start pool took 1s", "start > start server took 1s", "start took 2s",
			"stop > stop server took 1s", "stop > stop pool took 1s", "stop took 7s")
	})
}

func TestTheObserverHearsTheEndOfAFailedStartBeforeItsRollback(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		w := new(witness)
		e := lifecycle.NewEngine(w.observe)
		fail := func(context.Context) error { return errBoom }
		if err := errors.Join(
			e.Append(lifecycle.Hook{Name: "pool", Setup: lifecycle.StartStop(nil, fail)}),
			e.Append(lifecycle.Hook{Name: "server", Setup: lifecycle.StartStop(fail, nil)}),
		); err != nil {
			t.Fatal(err)
		}
		if err := e.Start(t.Context()); !errors.Is(err, errBoom) {
			t.Fatalf("Start = %v; want %v", err, errBoom)
		}
		w.want(t, "start > start pool took 0s",
			"start > start server took 0s: start server (resource): boom",
			"start took 0s: start server (resource): boom",
			"stop > stop pool took 0s: stop pool (resource): boom",
			"stop took 0s: stop pool (resource): boom")
	})
}
