package container

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"go.uber.org/fx"
)

// Override puts value in the place of the T that the modules provide, in tests
// and in variants of an application; T's own constructor does not run. It
// stands beside the modules, not inside one. The last override of a type wins,
// and one that changes nothing is an error.
func Override[T any](value T) fx.Option {
	return override{
		Option: fx.Error(fmt.Errorf("container.Override[%v]: it is not for a plain fx.New, nor for the inside of an fx.Module", reflect.TypeFor[T]())),
		of:     reflect.TypeFor[T](),
		replace: func(used *bool) fx.Option {
			return fx.Decorate(func() T { *used = true; return value })
		},
		ask: fx.Invoke(func(T) {}),
	}
}

// override is an option that a Container takes out and puts in its own way: Fx
// lets a type be decorated once and says nothing of a decoration without effect.
type override struct {
	fx.Option
	of      reflect.Type
	replace func(used *bool) fx.Option
	ask     fx.Option // for the type
}

// takeOverrides parts the overrides from the other options.
func takeOverrides(options []fx.Option) (others []fx.Option, last map[reflect.Type]override) {
	last = make(map[reflect.Type]override)
	for _, option := range options {
		if o, ok := option.(override); ok {
			last[o.of] = o
			continue
		}
		if group := reflect.ValueOf(option); group.Kind() == reflect.Slice && group.Type().Elem() == reflect.TypeFor[fx.Option]() { // fx.Options
			inner := make([]fx.Option, group.Len())
			for i := range inner {
				inner[i] = group.Index(i).Interface().(fx.Option)
			}
			inner, of := takeOverrides(inner)
			maps.Copy(last, of)
			option = fx.Options(inner...)
		}
		others = append(others, option)
	}
	return others, last
}

// unused says why an override had no effect in the application of options.
func (o override) unused(options []fx.Option) error {
	err := fx.ValidateApp(append(options[:len(options):len(options)], fx.NopLogger, o.ask)...)
	if err == nil {
		return fmt.Errorf("container.Override[%v] changes nothing: nothing asks for it", o.of)
	}
	if _, after, ok := strings.Cut(fmt.Sprintf("%+v", err), "did you mean to use "); ok {
		instead, _, _ := strings.Cut(after, "?")
		return fmt.Errorf("container.Override[%v] changes nothing: it is provided only as %s: override that", o.of, instead)
	}
	return fmt.Errorf("container.Override[%v] changes nothing: nobody provides it", o.of)
}
