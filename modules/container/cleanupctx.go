package container

import (
	"fmt"
	"reflect"

	"go.uber.org/fx"

	"example.com/ostov/internal/constructor"
	"example.com/ostov/lifecycle"
)

// CleanupCtx adds to the application a function that sets up and, in the
// function that it returns, tears down. The function's arguments are
// injected; it returns a lifecycle.Setup, or a lifecycle.Hook where the hook has
// limits of its own, and may return an error beside it. The hook stands in
// phase, Resource where none is given, and bears the function's name.
func CleanupCtx(function any, phase ...lifecycle.Phase) fx.Option {
	setupType, hookType := reflect.TypeFor[lifecycle.Setup](), reflect.TypeFor[lifecycle.Hook]()
	if err := constructor.Check("container.CleanupCtx", function, setupType, hookType); err != nil {
		return fx.Error(err)
	}
	name := constructor.Name(function)
	// Provided under a name of its own, so that Fx's errors name the constructor
	// and where it was given.
	tag := fmt.Sprintf(`name:"%s %p"`, name, &phase)
	addHook := func(c *Container, h lifecycle.Hook) error {
		if h.Name == "" {
			h.Name = name
		}
		if len(phase) > 0 {
			h.Phase = phase[0]
		}
		h.Caller = name
		return c.Append(h)
	}
	var add any = addHook
	if reflect.TypeOf(function).Out(0) == setupType {
		add = func(c *Container, s lifecycle.Setup) error { return addHook(c, lifecycle.Hook{Setup: s}) }
	}
	return fx.Options(
		fx.Provide(fx.Annotate(function, fx.ResultTags(tag)), fx.Private),
		fx.Invoke(fx.Annotate(add, fx.ParamTags("", tag))),
	)
}
