package charfinder

import (
	"go.uber.org/fx"

	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

// Module answers queries for characters over HTTP and TCP, and logs the words
// most asked for. It gives its [Index] and [Finder] to others.
var Module = fx.Module("charfinder",
	fx.Provide(NewIndex, NewFinder),
	httpserver.Routes(newRoutes),
	tcp.Server(newLineServer),
	dispatcher.Task(newTopWords),
)
