package dispatcher

import (
	"context"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/internal/constructor"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module gives *[Dispatcher], which lives with the application; features add to it
// with [Task]. The application is not ready while a task is degraded.
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
	Shutdown container.Shutdowner // hears that a task gave up, and does not wait for the stop
	Log      *zap.Logger          // nil: no logs
	Stopping lifecycle.Stopping   // closes when no new work is to begin; nil: Stop alone says so
	Tasks    []Work               `group:"dispatcher.tasks"`

	Tracers trace.TracerProvider  `optional:"true"` // nil: no spans
	Metrics prometheus.Registerer `optional:"true"` // nil: no metrics
}

// Task adds the [Service] or [Schedule] that function returns, perhaps with an
// error beside it, to the dispatcher. The function's arguments are injected.
func Task(function any) fx.Option {
	if err := constructor.Check("dispatcher.Task", function, reflect.TypeFor[Service](), reflect.TypeFor[Schedule]()); err != nil {
		return fx.Error(err)
	}
	return fx.Provide(fx.Annotate(function, fx.As(new(Work)), fx.ResultTags(`group:"dispatcher.tasks"`)))
}

func newCheck(d *Dispatcher) health.Check {
	return health.Ready.Check("dispatcher", func(context.Context) error {
		return d.those(func(s TaskState) bool { return s.Degraded })
	})
}

// runDispatcher starts the tasks with the application and stops them with it.
func runDispatcher(d *Dispatcher) lifecycle.Hook {
	return lifecycle.Hook{Setup: lifecycle.StartStop(d.Start, d.Stop), StopTimeout: d.p.Config.StopTimeout + lifecycle.Margin}
}
