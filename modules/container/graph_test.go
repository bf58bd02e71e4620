package container_test

import (
	"slices"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/modules/container"
)

func TestTheGraphTellsModulesNeedsDecorationsAndHooks(t *testing.T) {
	t.Parallel()

	type thing struct{}
	type cache struct{}
	type cachedStore struct{}
	c := newApp(
		fx.Module("store", fx.Provide(newOrders), fx.Provide(func() *db { return nil }), fx.Provide(func(*db) *cache { return nil }, fx.Private),
			fx.Provide(func(*cache) cachedStore { return cachedStore{} })),
		fx.Decorate(func(o *orders) *orders { return o }),
		fx.Provide(fx.Annotate(func(*orders) []thing { return nil }, fx.ResultTags(`group:"things,flatten"`))),
		fx.Invoke(fx.Annotate(func([]thing, *orders) {}, fx.ParamTags(`group:"things"`))),
		container.CleanupCtx(needsOrders),
	)
	if err := c.Build(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	g := c.Graph()
	find := func(module, gives string) container.Constructor {
		for _, m := range g.Modules {
			for _, c := range m.Constructors {
				if m.Name == module && slices.Contains(c.Gives, gives) {
					return c
				}
			}
		}
		t.Errorf("no constructor in module %q gives %s: %+v", module, gives, g)
		return container.Constructor{}
	}
	o := find("store", "*container_test.orders")
	if !slices.Equal(o.Needs, []string{"*container_test.db"}) || len(o.Decorated) != 1 {
		t.Errorf("orders: %+v; want its need and its decoration", o)
	}
	if o := find("", `container_test.thing[group = "things"]`); !slices.Equal(o.Needs, []string{"*container_test.orders"}) {
		t.Errorf("things: %+v; want its need", o)
	}
	if o := find("store", "*container_test.cache"); !slices.Equal(o.Needs, []string{"*container_test.db"}) {
		t.Errorf("what is private to a module: %+v; want its need", o)
	}
	if o := find("store", "container_test.cachedStore"); !slices.Equal(o.Needs, []string{"*container_test.cache"}) {
		t.Errorf("what stands behind it: %+v; want its need", o)
	}
	if !slices.Contains(g.Hooks, container.GraphHook{Name: "container_test.needsOrders", Phase: "resource"}) {
		t.Errorf("hooks %+v; want needsOrders", g.Hooks)
	}
}
