package container

import (
	"context"
	"reflect"
	"runtime"
	"strings"

	"go.uber.org/fx"

	"example.com/ostov/internal/constructor"
	"example.com/ostov/lifecycle"
)

// decorateLifecycle gives every constructor and invocation of the application a
// fx.Lifecycle behind which the engine stands, and the engine a single hook in
// Fx's own.
func decorateLifecycle(own fx.Lifecycle, c *Container) fx.Lifecycle {
	own.Append(fx.Hook{OnStart: c.start, OnStop: c.stop})
	return engineLifecycle{c.engine}
}

type engineLifecycle struct{ engine *lifecycle.Engine }

// Append hands a plain Fx hook to the engine, as a Resource, under the name of
// its own function. One without an OnStart counts as acquired from now on.
func (l engineLifecycle) Append(h fx.Hook) {
	if h.OnStart == nil && h.OnStop == nil {
		return
	}
	n := lifecycle.Hook{Caller: caller()}
	if h.OnStart != nil {
		n.Name = hookName(h, h.OnStart, "onStartName")
		n.Setup = lifecycle.StartStop(h.OnStart, h.OnStop)
	} else {
		n.Name = hookName(h, h.OnStop, "onStopName")
		n.Cleanup = h.OnStop
	}
	_ = l.engine.Append(n) // Fx has no way to say it here: the engine ends the application with the error
}

// hookName is the name of f. Where fx.StartHook and its like have wrapped the
// function, Fx keeps the real name in a field of the hook.
func hookName(h fx.Hook, f func(context.Context) error, field string) string {
	if kept := reflect.ValueOf(h).FieldByName(field); kept.Kind() == reflect.String && kept.Len() > 0 {
		return constructor.Short(strings.TrimSuffix(kept.String(), "()"))
	}
	return constructor.Name(f)
}

// caller names the function that called Append.
func caller() string {
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	return runtime.FuncForPC(pc[0] - 1).Name()
}
