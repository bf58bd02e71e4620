package container

import (
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
)

// forever is the limit given to Fx, whose own end of a start or stop skips
// hooks: the engine keeps the limits.
const forever = 24 * time.Hour

// Module gives *[Container], [Shutdowner], lifecycle.Stopping,
// *health.Registry and *config.Config, and puts the engine behind fx.Lifecycle.
// It stands in the root of the application: inside an fx.Module the decoration
// would not reach the other modules.
var Module = fx.Options(
	fx.StartTimeout(forever),
	fx.StopTimeout(forever),
	section[Config]("app", appSection),
	fx.Provide(
		newBare,
		load,
		complete,
		newShutdowner,
		inherited,
		func(c *Container) lifecycle.Stopping { return c.engine.Stopping() },
		func(c *Container) *health.Registry {
			return health.NewRegistry(func() bool { return c.engine.State() == lifecycle.Running })
		},
	),
	fx.Decorate(decorateLifecycle, decorateShutdowner),
	fx.WithLogger(newEvents),
	fx.Invoke(connect, supervise),               // which is the first of its phase, and hears of all others to their end
	CleanupCtx(closeUnclaimed, lifecycle.Serve), // last of its phase, when all others have taken theirs
)

type connectParams struct {
	fx.In

	Lifecycle fx.Lifecycle // asked for so that it is decorated where no module has a hook
	Container *Container
	Dot       fx.DotGraph
	Log       *zap.Logger `optional:"true"`
	Health    *health.Registry
	Checks    []health.Check `group:"health"`
	Endpoints []Endpoint     `group:"container.endpoints"`

	Observers  []lifecycle.Observer  `group:"container.observers"`
	Decorators []lifecycle.Decorator `group:"container.decorators"`
}

// connect hands over, once all is built, what could not be an argument: those
// who give it need the container themselves.
func connect(p connectParams) error {
	if p.Log != nil {
		p.Container.log = p.Log
	}
	if e, ok := p.Container.events.(*events); ok {
		level := zapcore.DebugLevel // the caller gets the errors
		if p.Container.plain {
			level = zapcore.ErrorLevel // a plain fx.App.Run tells them by its events alone
		}
		e.connect(p.Container.log, level)
	}
	p.Container.ready.endpoints = p.Endpoints
	p.Container.dot = p.Dot
	p.Container.observers = p.Observers
	p.Container.engine.Decorate(p.Decorators...)
	return p.Health.Add(p.Checks...)
}
