package dispatcher

import (
	"fmt"
	"reflect"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module gives *[Dispatcher], which starts and stops with the application.
// Features add to it with [Task]; readiness is false while a task is degraded.
var Module = fx.Module("dispatcher",
	container.Section("dispatcher", DefaultConfig()),
	fx.Provide(New),
	health.Provide(newCheck),
	container.CleanupCtx(runDispatcher, lifecycle.Work),
)

// Params are what [New] needs. Without Fx, fill in the fields.
type Params struct {
	fx.In

	Config   Config
	Shutdown container.Shutdowner // hears that a task gave up; its Shutdown does not wait for the stop

	// Optional without Fx.
	Log      *zap.Logger        // nil: no logs
	Stopping lifecycle.Stopping // closes when no new work is to begin; nil: Stop alone says so
	Tasks    []Work             `group:"dispatcher.tasks"`

	// Observe hears each [Event], in the goroutine of the task: it is to be quick.
	Observe func(Event) `optional:"true"`
}

var (
	serviceType  = reflect.TypeFor[Service]()
	scheduleType = reflect.TypeFor[Schedule]()
	errorType    = reflect.TypeFor[error]()
)

// Task adds the [Service] or [Schedule] that constructor returns to the
// dispatcher. The constructor's arguments are injected; it may return an error
// beside it.
func Task(constructor any) fx.Option {
	t := reflect.TypeOf(constructor)
	if t == nil || t.Kind() != reflect.Func || !returnsWork(t) {
		return fx.Error(fmt.Errorf("dispatcher.Task(%s): got %v; want a function that returns a dispatcher.Service or a dispatcher.Schedule, and perhaps an error",
			funcName(constructor), t))
	}
	return fx.Provide(fx.Annotate(constructor, fx.As(new(Work)), fx.ResultTags(`group:"dispatcher.tasks"`)))
}

func returnsWork(t reflect.Type) bool {
	n := t.NumOut()
	return (n == 1 || n == 2 && t.Out(1) == errorType) && (t.Out(0) == serviceType || t.Out(0) == scheduleType)
}

func newCheck(d *Dispatcher) health.Check { return health.Ready("dispatcher", d.check) }

// runDispatcher starts the tasks with the application and stops them with it.
func runDispatcher(d *Dispatcher) lifecycle.Hook {
	return lifecycle.Hook{Setup: lifecycle.StartStop(d.Start, d.Stop), StopTimeout: d.config.StopTimeout + lifecycle.Margin}
}
