// Package bad has a module for each promise that a module can break, for the
// test of apptest.Conform.
package bad

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
)

// Modules are the bad ones, by what is wrong with them.
// What they leave hanging hangs until end.
func Modules(end <-chan struct{}) map[string]fx.Option {
	hangs := fx.Supply(forever(end))
	all := map[string]fx.Option{
		"start fails":          hook(failsToStart),
		"stop fails":           hook(failsToStop),
		"stop hangs":           hook(hangsInStop),
		"task ignores":         fx.Module("bad", dispatcher.Task(deafTask)),
		"constructor opens":    fx.Module("bad", fx.Provide(openInConstructor), fx.Invoke(func(*os.File) {})),
		"constructor writes":   fx.Module("bad", fx.Provide(writeInConstructor), fx.Invoke(func(cache) {})),
		"constructor runs":     fx.Module("bad", fx.Invoke(runInConstructor)),
		"goroutine":            fx.Module("bad", fx.Invoke(leakGoroutine)),
		"port":                 hook(leakPort),
		"descriptor":           hook(leakFile),
		"temporary file":       hook(leakTemporaryFile),
		"waits for the others": fx.Module("bad", fx.Provide(newGate), container.CleanupCtx(waitsForOthers), container.CleanupCtx(openGate, lifecycle.Serve)),
		"forgets on rollback":  hook(forgetsOnFailure),
		"forgets when late":    hook(forgetsWhenLate),
		"hides the signal":     hook(hidesTheSignal),
		"ignores the signal":   hook(ignoresTheSignal),
		"loses requests":       fx.Module("bad", fx.Provide(newStore), httpserver.Routes(storeRoutes), container.CleanupCtx(closeStore, lifecycle.Serve)),
		"setting without text": fx.Module("bad", container.Section("bad", struct {
			Size int `yaml:"size" validate:"gt=0"`
		}{1})),
		"setting without rule": fx.Module("bad", container.Section("bad", struct {
			Size int `yaml:"size" doc:"how much"`
		}{1})),
		"secret":            fx.Module("bad", container.Section("bad", key{}), fx.Invoke(logsItsKey)),
		"secret in base64":  fx.Module("bad", container.Section("bad", key{}), fx.Invoke(logsItsKeyAsBytes)),
		"never ready":       fx.Module("bad", health.Provide(neverReady)),
		"deaf check":        fx.Module("bad", health.Provide(deafCheck)),
		"check that panics": fx.Module("bad", fx.Provide(newPool), health.Provide(checkPool), container.CleanupCtx(openPool)),
	}
	for name, module := range all {
		all[name] = fx.Options(hangs, module)
	}
	return all
}

// forever is what hangs waits for.
type forever <-chan struct{}

func hook(constructor any) fx.Option {
	return fx.Module("bad", container.CleanupCtx(constructor))
}

func failsToStart() lifecycle.Setup {
	return lifecycle.StartStop(func(context.Context) error { return errors.New("no such table") }, nil)
}

func failsToStop() lifecycle.Setup {
	return lifecycle.StartStop(nil, func(context.Context) error { return errors.New("cannot flush") })
}

func hangsInStop(end forever) lifecycle.Hook {
	return lifecycle.Hook{StopTimeout: time.Millisecond, Setup: lifecycle.StartStop(nil, func(context.Context) error {
		<-end
		return nil
	})}
}

func deafTask(end forever) dispatcher.Service {
	return dispatcher.Service{Name: "deaf", Run: func(context.Context) error {
		<-end
		return nil
	}}
}

func openInConstructor() (*os.File, error) {
	f, err := os.Open(os.Args[0])
	keep(f)
	return f, err
}

type cache struct{}

func writeInConstructor() (cache, error) { return cache{}, os.WriteFile("cache.db", nil, 0o600) }

func runInConstructor(end forever) {
	go func() { <-end }()
}

func leakGoroutine(lc fx.Lifecycle, end forever) {
	lc.Append(fx.Hook{OnStart: func(context.Context) error {
		go func() { <-end }()
		return nil
	}})
}

func leakPort() lifecycle.Setup {
	return lifecycle.StartStop(func(context.Context) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		keep(l)
		return err
	}, nil)
}

func leakFile() lifecycle.Setup {
	return lifecycle.StartStop(func(context.Context) error {
		f, err := os.Open(os.Args[0])
		keep(f)
		return err
	}, nil)
}

// kept is what would otherwise be closed by the garbage collector.
var kept sync.Map

func keep(x any) { kept.Store(x, true) }

func leakTemporaryFile() lifecycle.Setup {
	return lifecycle.StartStop(func(context.Context) error {
		f, err := os.CreateTemp("", "upload")
		if err != nil {
			return err
		}
		return f.Close()
	}, nil)
}

// A gate opens when the last hook has started.
type gate chan struct{}

func newGate() gate { return make(gate) }

func waitsForOthers(g gate) lifecycle.Hook {
	return lifecycle.Hook{Setup: lifecycle.StartStop(nil, func(ctx context.Context) error {
		select {
		case <-g:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}), StopTimeout: 10 * time.Millisecond}
}

func openGate(g gate) lifecycle.Setup {
	return lifecycle.StartStop(func(context.Context) error { close(g); return nil }, nil)
}

// forgetsOnFailure closes its file only where the application was running.
func forgetsOnFailure(app *container.Container) lifecycle.Setup {
	return forgets(func() bool {
		return slices.ContainsFunc(app.Report().Hooks, func(h lifecycle.HookReport) bool { return h.Start != nil && h.Start.Outcome != "ok" })
	})
}

// forgetsWhenLate closes its file only where the application is not over yet: a
// start that hung and succeeds after that leaves it.
func forgetsWhenLate(app *container.Container) lifecycle.Setup {
	return forgets(func() bool { return app.Report().State == lifecycle.Failed })
}

func forgets(when func() bool) lifecycle.Setup {
	return func(context.Context) (lifecycle.Cleanup, error) {
		f, err := os.Open(os.Args[0])
		if err != nil {
			return nil, err
		}
		keep(f)
		return func(context.Context) error {
			if when() {
				return nil
			}
			return f.Close()
		}, nil
	}
}

func hidesTheSignal() lifecycle.Setup {
	return lifecycle.StartStop(func(ctx context.Context) error {
		if ctx.Err() != nil {
			return errors.New("could not connect")
		}
		return nil
	}, nil)
}

func ignoresTheSignal(end forever) lifecycle.Setup {
	return lifecycle.StartStop(func(ctx context.Context) error {
		if ctx.Err() != nil {
			<-end
		}
		return nil
	}, nil)
}

type store struct{ closed atomic.Bool }

func newStore() *store { return new(store) }

func storeRoutes(s *store) []httpserver.Route {
	return []httpserver.Route{{Method: http.MethodGet, Path: "/store", Handler: func(c echo.Context) error {
		if s.closed.Load() {
			return errors.New("store is closed")
		}
		return c.NoContent(http.StatusNoContent)
	}}}
}

func closeStore(s *store) lifecycle.Setup {
	return lifecycle.StartStop(nil, func(context.Context) error { s.closed.Store(true); return nil })
}

type key struct {
	Key config.Secret `yaml:"key" doc:"what opens it"`
}

func logsItsKey(k key, log *zap.Logger) { log.Debug("opened", zap.String("by", k.Key.Reveal())) }

func logsItsKeyAsBytes(k key, log *zap.Logger) {
	log.Debug("opened", zap.Binary("by", []byte(k.Key.Reveal())))
}

func neverReady() health.Check {
	return health.Ready.Check("never", func(context.Context) error { return errors.New("not today") })
}

func deafCheck(end forever) health.Check {
	return health.Ready.Check("deaf", func(ctx context.Context) error {
		if ctx.Err() == nil {
			return nil
		}
		<-end
		return nil
	})
}

type pool struct{ ping func() error }

func newPool() *pool { return new(pool) }

func openPool(p *pool) lifecycle.Setup {
	return lifecycle.StartStop(
		func(context.Context) error { p.ping = func() error { return nil }; return nil },
		func(context.Context) error { p.ping = nil; return nil })
}

func checkPool(p *pool) health.Check {
	return health.Ready.Check("pool", func(context.Context) error { return p.ping() })
}
