package admin

import (
	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module serves the probes.
var Module = fx.Module("admin",
	container.Section("admin", DefaultConfig()),
	fx.Provide(New, fx.Annotate(newEndpoint, fx.ResultTags(`group:"container.endpoints"`))),
	container.CleanupCtx(serve, lifecycle.Observe),
)

func serve(s *Server, app container.Shutdowner) lifecycle.Setup { return s.Serve(app.Shutdown) }

func newEndpoint(s *Server) container.Endpoint {
	return container.Endpoint{Name: "admin", URLs: s.URLs}
}
