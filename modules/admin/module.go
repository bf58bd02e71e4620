package admin

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	"example.com/ostov/modules/telemetry"
)

// Module serves operators and probes.
var Module = fx.Module("admin",
	container.Section("admin", DefaultConfig()),
	fx.Provide(New, fx.Annotate(newEndpoint, fx.ResultTags(`group:"container.endpoints"`))),
	container.CleanupCtx(serve, lifecycle.Observe),
)

// Params are what [New] needs.
type Params struct {
	fx.In

	Config    Config               // valid
	Container *container.Container // what it reports on, and what shows the token
	Health    *health.Registry
	Log       *zap.Logger
	Level     zap.AtomicLevel // of Log, to be changed
	Metrics   *prometheus.Registry

	App        container.Config
	Settings   *config.Config
	Stopping   lifecycle.Stopping     // closes when the stop begins; nil: it is not heard of
	Tail       *telemetry.Tail        `optional:"true"` // of Log; nil: it is not shown
	Dispatcher *dispatcher.Dispatcher `optional:"true"` // nil: no tasks
	Panels     []container.Panel      `group:"container.panels"`
	Inherited  *listen.Set            `optional:"true"` // where an address of the form fd:NAME is found
}

func serve(s *Server, app container.Shutdowner) lifecycle.Setup { return s.Serve(app.Shutdown) }

func newEndpoint(s *Server) container.Endpoint {
	return container.Endpoint{Name: "admin", URLs: s.URLs}
}
