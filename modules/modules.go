// Package modules is the table of contents: every module of the application.
package modules

import (
	"go.uber.org/fx"

	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/charfinder"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
	"example.com/ostov/modules/telemetry"
)

// All returns the modules of the application. A new one is one more line.
func All() fx.Option {
	return fx.Options(
		container.Module,  // gives *container.Container
		telemetry.Module,  // gives *zap.Logger, trace.TracerProvider, *prometheus.Registry
		dispatcher.Module, // gives *dispatcher.Dispatcher
		httpserver.Module, // gives *echo.Echo
		tcp.Module,        // listens where a feature registered a server
		admin.Module,      // probes, metrics and more, on an address of its own
		charfinder.Module, // the example: delete this line and its folder
	)
}
