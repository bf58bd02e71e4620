package tcp

import (
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/internal/constructor"
	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module serves TCP where a feature asks for it with [Server].
var Module = fx.Module("tcp",
	container.Section("tcp", DefaultConfig()),
	fx.Provide(New),
	container.CleanupCtx(serve, lifecycle.Serve),
)

// Params are what [New] needs.
type Params struct {
	fx.In

	Config    Config // valid
	Log       *zap.Logger
	Servers   []Definition `group:"tcp.servers"`
	Inherited *listen.Set  `optional:"true"` // listeners that stand for the addresses they have

	Tracers trace.TracerProvider  `optional:"true"` // nil: no spans
	Metrics prometheus.Registerer `optional:"true"` // nil: no metrics
}

// Result is what [New] gives to the application.
type Result struct {
	fx.Out

	Servers  *Servers
	Endpoint container.Endpoint `group:"container.endpoints"`
}

// Server adds the [LineServer] or [StreamServer] that function returns. The
// function's arguments are injected; it may return an error beside it.
func Server(function any) fx.Option {
	if err := constructor.Check("tcp.Server", function, reflect.TypeFor[LineServer](), reflect.TypeFor[StreamServer]()); err != nil {
		return fx.Error(err)
	}
	return fx.Provide(fx.Annotate(function, fx.As(new(Definition)), fx.ResultTags(`group:"tcp.servers"`)))
}

func serve(s *Servers, app container.Shutdowner) lifecycle.Hook {
	return lifecycle.Hook{Role: "tcp", Setup: s.Serve(app.Shutdown), StopTimeout: s.config.DrainTimeout + lifecycle.Margin}
}
