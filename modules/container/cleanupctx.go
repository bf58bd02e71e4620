package container

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
)

var (
	setupType = reflect.TypeFor[lifecycle.Setup]()
	hookType  = reflect.TypeFor[lifecycle.Hook]()
	errorType = reflect.TypeFor[error]()
)

// CleanupCtx adds to the application a function that sets up and, in the
// function that it returns, tears down. The constructor's arguments are
// injected; it returns a lifecycle.Setup, or a lifecycle.Hook where the hook has
// limits of its own, and may return an error beside it. The hook stands in
// phase, Resource where none is given, and bears the constructor's name.
func CleanupCtx(constructor any, phase ...lifecycle.Phase) fx.Option {
	name := funcName(constructor)
	if err := checkSetup(constructor); err != nil {
		return fx.Error(fmt.Errorf("container.CleanupCtx(%s): %w", name, err))
	}
	// Provided under a name of its own, so that Fx's errors name the constructor
	// and where it was given.
	tag := fmt.Sprintf(`name:"%s %p"`, name, &phase)
	add := func(c *Container, h lifecycle.Hook) error {
		if h.Name == "" {
			h.Name = name
		}
		if len(phase) > 0 {
			h.Phase = phase[0]
		}
		h.Caller = name
		return c.engine.Append(h)
	}
	if reflect.TypeOf(constructor).Out(0) == hookType {
		return fx.Options(
			fx.Provide(fx.Annotate(constructor, fx.ResultTags(tag)), fx.Private),
			fx.Invoke(fx.Annotate(add, fx.ParamTags("", tag))),
		)
	}
	return fx.Options(
		fx.Provide(fx.Annotate(constructor, fx.ResultTags(tag)), fx.Private),
		fx.Invoke(fx.Annotate(func(c *Container, s lifecycle.Setup) error {
			return add(c, lifecycle.Hook{Setup: s})
		}, fx.ParamTags("", tag))),
	)
}

func checkSetup(constructor any) error {
	t := reflect.TypeOf(constructor)
	if t == nil || t.Kind() != reflect.Func {
		return fmt.Errorf("got %v; want a function that returns a lifecycle.Setup", t)
	}
	n := t.NumOut()
	if n == 0 || n > 2 || t.Out(0) != setupType && t.Out(0) != hookType || n == 2 && t.Out(1) != errorType {
		return fmt.Errorf("got %v; want a function that returns a lifecycle.Setup or a lifecycle.Hook, and perhaps an error", t)
	}
	return nil
}

// funcName returns the name of a function without the path of its package.
func funcName(f any) string {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.IsNil() {
		return fmt.Sprint(f)
	}
	return shortName(runtime.FuncForPC(v.Pointer()).Name())
}

// shortName drops the path of the package, and what the compiler adds to the
// name of a method value.
func shortName(name string) string { return strings.TrimSuffix(path.Base(name), "-fm") }
