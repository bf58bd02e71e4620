package container_test

import (
	"context"
	"errors"
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
