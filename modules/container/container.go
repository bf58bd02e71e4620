package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"reflect"
	"sync"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"example.com/ostov/lifecycle"
)

// Container is an application: the modules it is made of, what Fx built of
// them, and the engine that starts and stops it.
type Container struct {
	process Process
	plain   bool // under a plain fx.New
	options []fx.Option
	engine  *lifecycle.Engine
	ready   announcer

	mu  sync.Mutex // guards the build
	app *fx.App
	err error // of the build

	// Set while Fx builds.
	events    fxevent.Logger
	dot       fx.DotGraph
	log       *zap.Logger
	observers []lifecycle.Observer
	roles     []string // of the hooks

	stopped sync.Once // the record of the stop is written
}

// New describes an application. Nothing is built yet: [Get], Build and Start do
// that, once.
func New(p Process, options ...fx.Option) *Container {
	c := &Container{process: p.withDefaults(), options: options, log: zap.NewNop()}
	c.engine = lifecycle.NewEngine(c.observe)
	c.ready.out = c.process.Stdout
	if len(c.process.Only) > 0 {
		c.engine.Decorate(c.only)
	}
	return c
}

// Build builds the application with its real constructors and starts nothing.
// Further calls return the same error.
func (c *Container) Build() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.app == nil {
		c.build()
	}
	return c.err
}

func (c *Container) build(more ...fx.Option) {
	modules, overrides := takeOverrides(c.options)
	options := []fx.Option{
		fx.Logger(log.New(io.Discard, "", 0)), // a build that fails is told by its error alone
		fx.Replace(bare{c}),
	}
	options = append(options, modules...)
	options = append(options, more...)
	used := make(map[reflect.Type]*bool)
	for t, o := range overrides {
		used[t] = new(bool)
		options = append(options, o.replace(used[t]))
	}
	c.app = fx.New(options...)
	if err := c.app.Err(); err != nil {
		c.err = explain(err)
	} else if c.events == nil {
		c.err = fmt.Errorf("build the application: container.Module is not among its modules")
	} else {
		c.err = errors.Join(c.checkRoles(), c.engine.Check())
	}
	for t, o := range overrides {
		if c.err == nil && !*used[t] {
			c.err = o.unused(modules)
		}
	}
	if c.err != nil {
		c.release()
	}
}

// release gives back what constructors of a failed build hold.
func (c *Container) release() {
	_ = c.engine.Stop(context.Background()) // the error of the build is what counts, and Fx gives no context
}

// Get builds the application and returns its T, for main functions and tests;
// constructors name what they need instead. T may be a struct that embeds
// fx.In, for several things at once: Fx has to know before the build what is
// wanted, so that a Get after it is an error.
func Get[T any](c *Container) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var t T
	if c.app != nil {
		return t, fmt.Errorf("get %T: the application is built already: get all that is needed at once, in a struct that embeds fx.In", t)
	}
	c.build(fx.Invoke(func(got T) { t = got }))
	return t, c.err
}

// Start builds the application where nobody has, and starts it, as
// [lifecycle.Engine.Start] does. An application starts once.
func (c *Container) Start(ctx context.Context) error {
	if err := c.Build(); err != nil {
		return err
	}
	if c.engine.State() != lifecycle.New {
		return c.engine.Start(ctx) // says what is wrong; Fx would stop the running application
	}
	// Fx would return at the end of ctx, before the rollback is over.
	return c.app.Start(context.WithValue(context.WithoutCancel(ctx), rootKey{}, ctx))
}

// rootKey is where Start leaves its context for the hook in Fx's lifecycle.
type rootKey struct{}

// Stop stops the application wherever it is in its life, as
// [lifecycle.Engine.Stop] does; what was built and never started is released.
func (c *Container) Stop(ctx context.Context) error {
	if err := c.Build(); err != nil {
		return nil // its build released what there was
	}
	err := c.stop(ctx)
	_ = c.app.Stop(ctx) // for Fx's own books: the same work, done
	return err
}

// start and stop are the one hook in Fx's own lifecycle.
func (c *Container) start(ctx context.Context) error {
	if root, ok := ctx.Value(rootKey{}).(context.Context); ok {
		ctx = root
	}
	if err := c.engine.Start(ctx); err != nil {
		c.stopped.Do(c.logStop)
		return err
	}
	c.logStart()
	c.ready.serving()
	return nil
}

func (c *Container) stop(ctx context.Context) error {
	err := c.engine.Stop(ctx)
	c.stopped.Do(c.logStop)
	return err
}

// Process returns what the application sees of the operating system.
func (c *Container) Process() Process { return c.process }

// Append adds a hook, as [lifecycle.Engine.Append] does, for a constructor that
// holds something already, such as a pool: whatever is built of it comes after
// it, and is released before. Others use [CleanupCtx].
func (c *Container) Append(h lifecycle.Hook) error {
	if h.Role != "" {
		c.roles = append(c.roles, h.Role)
	}
	return c.engine.Append(h)
}

// bare is a container without its settings, which need it.
type bare struct{ *Container }

type bareParams struct {
	fx.In

	Process Process `optional:"true"`
}

// newBare makes one under a plain fx.New; elsewhere that which New has described
// takes its place.
func newBare(p bareParams) bare {
	c := New(p.Process)
	c.plain = true
	return bare{c}
}

// complete gives the container its settings. The logger is ours, or what an
// application made of it.
func complete(b bare, settings Config, logger fxevent.Logger) *Container {
	c := b.Container
	c.engine.SetLimits(lifecycle.Limits{Start: settings.StartTimeout, Stop: settings.StopTimeout, DrainDelay: settings.DrainDelay})
	c.events = logger
	if e, ours := logger.(*events); ours {
		e.container = c
	}
	return c
}
