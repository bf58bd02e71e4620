package httpserver

import (
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module serves HTTP. Features add to it with [Routes].
var Module = fx.Module("http",
	container.Section("http", DefaultConfig()),
	fx.Provide(New),
	container.CleanupCtx(serve, lifecycle.Serve),
)

// Params are what [New] needs.
type Params struct {
	fx.In

	Config    Config
	Log       *zap.Logger
	Routes    []Route            `group:"http.routes"`
	App       container.Config   `optional:"true"` // its name is the title of the document
	Stopping  lifecycle.Stopping // nil: never
	Health    *health.Registry   `optional:"true"` // nil: alive, and ready until the stop
	Inherited *listen.Set        `optional:"true"` // where addresses of the form fd:NAME are found

	Tracers    trace.TracerProvider          `optional:"true"` // nil: no spans
	Propagator propagation.TextMapPropagator `optional:"true"` // nil: no trace is followed
	Metrics    prometheus.Registerer         `optional:"true"` // nil: no metrics
}

// Result is what [New] gives to the application.
type Result struct {
	fx.Out

	Server   *Server
	Echo     *echo.Echo
	Endpoint container.Endpoint `group:"container.endpoints"`
}

// Routes adds the []Route that constructor returns to the server.
func Routes(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"http.routes,flatten"`)))
}

func serve(s *Server, app container.Shutdowner) lifecycle.Hook {
	return lifecycle.Hook{Role: "http", Setup: s.Serve(app.Shutdown), StopTimeout: s.config.DrainTimeout + lifecycle.Margin}
}
