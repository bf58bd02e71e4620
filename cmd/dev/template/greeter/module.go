package greeter

import (
	"go.uber.org/fx"

	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
)

// Module greets over HTTP and reports how often. It gives its [Greeter] to others.
var Module = fx.Module("greeter",
	container.Section("greeter", DefaultConfig()), // its settings
	fx.Provide(New),              // what it gives to others
	httpserver.Routes(newRoutes), // its endpoints
	dispatcher.Task(newReport),   // its background work
)
