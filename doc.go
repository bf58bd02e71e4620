// Package ostov is a service template: a running Go application made of Fx
// modules, which a team forks and extends with modules of its own. What starts
// is stopped, in reverse, always; a stop loses no request and no job; nothing is
// left behind; and one can see all of it.
//
// The application is a list of modules, in modules/modules.go:
//
//	func All() fx.Option {
//		return fx.Options(
//			container.Module,  // gives *container.Container
//			telemetry.Module,  // gives *zap.Logger, trace.TracerProvider, *prometheus.Registry
//			dispatcher.Module, // gives *dispatcher.Dispatcher
//			httpserver.Module, // gives *echo.Echo
//			tcp.Module,
//			admin.Module,
//			charfinder.Module, // the example: delete this line and its folder
//		)
//	}
//
// The program is one call, in cmd/app:
//
//	command.Run(ctx, args, stdout, stderr, modules.All())
//
// By default it is `app run`, which is container.Run of the same modules.
//
// A feature is a folder below modules/ and one more line in the list:
//
//	var Module = fx.Module("charfinder",
//		container.Section("charfinder", DefaultConfig()), // its settings
//		fx.Provide(NewIndex),                             // what it gives to others
//		httpserver.Routes(newRoutes),                     // its endpoints
//		tcp.Server(newLineServer),                        // its line protocol
//		dispatcher.Task(newTopWords),                     // its background work
//		health.Provide(newCheck),                         // what it says of its health
//		container.CleanupCtx(openCache),                  // set-up and tear-down in one function
//	)
//
// Every helper returns an fx.Option and takes a constructor whose arguments are
// injected. There are no others but jobs.Worker and its like, for durable work.
package ostov
