package lifecycle_test

import (
	"context"
	"errors"
	"testing"

	"example.com/ostov/lifecycle"
)

func TestADecoratorChangesEveryHookOfTheList(t *testing.T) {
	t.Parallel()

	a := newApp(t, lifecycle.Limits{})
	a.append(lifecycle.Hook{Name: "held", Cleanup: func(context.Context) error { a.do("-held"); return nil }})
	a.Decorate(func(h lifecycle.Hook) lifecycle.Hook {
		name, setup, cleanup := h.Name, h.Setup, h.Cleanup
		if setup == nil {
			h.Cleanup = func(ctx context.Context) error { a.do("(" + name); return cleanup(ctx) }
			return h
		}
		h.Setup = func(ctx context.Context) (lifecycle.Cleanup, error) {
			if name == "b" {
				return nil, errBoom
			}
			a.do(name + ")")
			return setup(ctx)
		}
		return h
	})
	a.add(part{name: "a"}, part{name: "b"})
	if err := a.Start(t.Context()); !errors.Is(err, errBoom) {
		t.Errorf("Start = %v; want the error of the decorator", err)
	}
	a.want("a) +a -a (held -held")
	a.Decorate(func(lifecycle.Hook) lifecycle.Hook { panic("after the start began") })
}
