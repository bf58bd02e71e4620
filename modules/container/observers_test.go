package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

func TestObserversOfModulesGiveHooksTheirContext(t *testing.T) {
	t.Parallel()

	type first struct{}
	type second struct{}
	give := func(key any) fx.Option {
		return fx.Provide(fx.Annotate(func() lifecycle.Observer {
			return func(ctx context.Context, e lifecycle.Event) context.Context {
				if e.Hook == nil {
					return context.WithValue(ctx, key, e.Op)
				}
				return ctx
			}
		}, fx.ResultTags(`group:"container.observers"`)))
	}
	d := new(diary)
	look := func(ctx context.Context) error {
		a, _ := ctx.Value(first{}).(string)
		b, _ := ctx.Value(second{}).(string)
		d.do(a + "/" + b)
		return nil
	}
	p, _, _ := quiet()
	c := container.New(p, container.Module, give(first{}), give(second{}),
		container.CleanupCtx(func() lifecycle.Setup { return lifecycle.StartStop(look, look) }))
	if err := errors.Join(c.Start(t.Context()), c.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := d.String(); got != "start/start stop/stop" {
		t.Errorf("the hook saw %s; want start/start stop/stop", got)
	}
}

// The start is over, and its line not yet written.
func TestAStopThatOvertakesTheReadyLineLeavesBothLinesOut(t *testing.T) {
	t.Parallel()

	p, stdout, _ := quiet()
	var c *container.Container
	stopping, stopped := make(chan struct{}), make(chan error, 1)
	overtake := func(ctx context.Context, e lifecycle.Event) context.Context {
		switch {
		case e.Hook == nil && e.Op == "start" && !e.Begins:
			go func() { stopped <- c.Stop(context.WithoutCancel(ctx)) }()
			<-stopping
		case e.Hook == nil && e.Op == "stop" && e.Begins:
			close(stopping)
		}
		return ctx
	}
	c = container.New(p, container.Module,
		fx.Provide(fx.Annotate(func() lifecycle.Observer { return overtake }, fx.ResultTags(`group:"container.observers"`))))
	if err := errors.Join(c.Start(t.Context()), <-stopped); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); got != "" {
		t.Errorf("printed %q; want nothing: it never served", got)
	}
}

func TestDecoratorsChangeTheHooksOfAllModules(t *testing.T) {
	t.Parallel()

	broken := errors.New("broken on purpose")
	p, _, _ := quiet()
	c := container.New(p, container.Module,
		container.CleanupCtx(func() lifecycle.Setup { return lifecycle.StartStop(nil, nil) }),
		fx.Invoke(func(lc fx.Lifecycle) { lc.Append(fx.StartHook(func() {})) }),
		fx.Provide(fx.Annotate(func() lifecycle.Decorator {
			return func(h lifecycle.Hook) lifecycle.Hook {
				h.Name += " decorated"
				if h.Phase == lifecycle.Serve { // the last one of them all
					h.Setup = lifecycle.StartStop(func(context.Context) error { return broken }, nil)
				}
				return h
			}
		}, fx.ResultTags(`group:"container.decorators"`))))
	if err := c.Start(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Start = %v; want the decorator's error", err)
	}
	for _, h := range c.Report().Hooks {
		if !strings.HasSuffix(h.Name, " decorated") {
			t.Errorf("hook %s is not decorated", h.Name)
		}
	}
}
