package tcp

import (
	"fmt"
	"reflect"
	"runtime"

	"go.uber.org/fx"
	"go.uber.org/zap"

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
}

// Result is what [New] gives to the application.
type Result struct {
	fx.Out

	Servers  *Servers
	Endpoint container.Endpoint `group:"container.endpoints"`
}

var (
	lineServerType   = reflect.TypeFor[LineServer]()
	streamServerType = reflect.TypeFor[StreamServer]()
	errorType        = reflect.TypeFor[error]()
)

// Server adds the [LineServer] or [StreamServer] that constructor returns. The
// constructor's arguments are injected; it may return an error beside it.
func Server(constructor any) fx.Option {
	v := reflect.ValueOf(constructor)
	if v.Kind() != reflect.Func || v.IsNil() || !returnsServer(v.Type()) {
		return fx.Error(fmt.Errorf("tcp.Server(%s): got %T; want a function that returns a tcp.LineServer or a tcp.StreamServer, and perhaps an error",
			describe(v), constructor))
	}
	return fx.Provide(fx.Annotate(constructor, fx.As(new(Definition)), fx.ResultTags(`group:"tcp.servers"`)))
}

func returnsServer(t reflect.Type) bool {
	n := t.NumOut()
	return (n == 1 || n == 2 && t.Out(1) == errorType) && (t.Out(0) == lineServerType || t.Out(0) == streamServerType)
}

// describe returns the name of a function, or what else stands in its place.
func describe(v reflect.Value) string {
	if v.Kind() != reflect.Func {
		return "no function"
	}
	if v.IsNil() {
		return "nil"
	}
	return runtime.FuncForPC(v.Pointer()).Name()
}

func serve(s *Servers, app container.Shutdowner) lifecycle.Hook {
	return lifecycle.Hook{Setup: s.Serve(app.Shutdown), StopTimeout: s.config.DrainTimeout + lifecycle.Margin}
}
