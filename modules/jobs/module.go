package jobs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/database"
)

// Module gives *[Client], which works jobs as long as the application runs; features
// add to it with [Worker] and [Periodic].
var Module = fx.Module("jobs",
	container.Section("jobs", DefaultConfig()),
	fx.Provide(New, fx.Annotate(newPanel, fx.ResultTags(`group:"container.panels"`))),
	database.Schema(Migrations),
	container.CleanupCtx(work, lifecycle.Work),
)

// Params are what [New] needs. Without Fx, Config and DB will do.
type Params struct {
	fx.In

	Config     Config
	DB         *database.DB
	Log        *slog.Logger
	Metrics    prometheus.Registerer
	Traces     trace.TracerProvider
	Propagator propagation.TextMapPropagator
	Stopping   lifecycle.Stopping   // no job begins once it is closed
	Workers    []Registration       `group:"jobs.workers"`
	Periodic   []*river.PeriodicJob `group:"jobs.periodic"`
}

// Worker adds the river.Worker of jobs T that constructor returns, perhaps with an
// error beside it. The constructor's arguments are injected. Every process that
// inserts a kind or works its queue has its worker, whether it works jobs or not.
func Worker[T river.JobArgs](constructor any) fx.Option {
	var args T
	tag := fmt.Sprintf("name:%q", fmt.Sprintf("jobs.worker %T", args))
	return fx.Options(
		fx.Provide(fx.Annotate(constructor, fx.As(new(river.Worker[T])), fx.ResultTags(tag)), fx.Private),
		fx.Provide(fx.Annotate(Register[T], fx.ParamTags(tag), fx.ResultTags(`group:"jobs.workers"`))),
	)
}

// Periodic adds the *river.PeriodicJob that constructor returns, such as one of
// [Every]: it is inserted by one process of all that work jobs on the database.
func Periodic(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"jobs.periodic"`)))
}

// newPanel shows operators the queues.
func newPanel(c *Client) container.Panel {
	return container.Panel{Name: "jobs", Read: func(ctx context.Context) (any, error) { return c.Snapshot(ctx) }}
}

// work starts to work jobs with the application and stops with it.
func work(c *Client) lifecycle.Hook {
	return lifecycle.Hook{
		Role:        "jobs",
		Setup:       lifecycle.StartStop(c.Start, c.Stop),
		StopTimeout: c.config.StopTimeout + lifecycle.Margin,
	}
}
