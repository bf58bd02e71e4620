// Package constructor checks the functions that the helpers of modules take:
// Fx itself would speak of a wrong one in terms that its author has not used.
package constructor

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"
)

// Check returns nil where f is a function that returns one of types, and
// perhaps an error beside it. The error names f, and begins with the helper.
func Check(helper string, f any, types ...reflect.Type) error {
	t := reflect.TypeOf(f)
	if t != nil && t.Kind() == reflect.Func && !reflect.ValueOf(f).IsNil() {
		n := t.NumOut()
		for _, want := range types {
			if n > 0 && t.Out(0) == want && (n == 1 || n == 2 && t.Out(1) == reflect.TypeFor[error]()) {
				return nil
			}
		}
	}
	names := make([]string, len(types))
	for i, want := range types {
		names[i] = want.String()
	}
	return fmt.Errorf("%s(%s): got %v; want a function that returns a %s, and perhaps an error", helper, Name(f), t, strings.Join(names, " or a "))
}

// Name returns the name of a function without the path of its package and what
// the compiler adds to a method value.
func Name(f any) string {
	v := reflect.ValueOf(f)
	switch {
	case v.Kind() != reflect.Func:
		return "no function"
	case v.IsNil():
		return "nil"
	}
	return Short(runtime.FuncForPC(v.Pointer()).Name())
}

// Short is what Name makes of the full name of a function.
func Short(name string) string { return strings.TrimSuffix(path.Base(name), "-fm") }
