package typed

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Operation is a function that answers requests, made by [New].
type Operation struct {
	name     string
	input    reflect.Type
	list     int // see listIn
	register func(huma.API, huma.Operation)
}

// New makes an operation of handle. What In and Out may be is told by package
// httpserver, as Typed.
func New[In, Out any](handle func(context.Context, *In) (*Out, error)) *Operation {
	name := runtime.FuncForPC(reflect.ValueOf(handle).Pointer()).Name()
	o := &Operation{name: strings.TrimSuffix(path.Base(name), "-fm"), input: reflect.TypeFor[In]()} // -fm: of a method
	out := reflect.TypeFor[Out]()
	switch {
	case out.Kind() == reflect.Struct && (out.NumField() == 0 || hasEnvelope(out)):
		o.list = noList
		if body, ok := out.FieldByName("Body"); ok {
			o.list = listIn(body.Type)
		}
		o.register = func(api huma.API, op huma.Operation) {
			huma.Register(api, op, func(ctx context.Context, in *In) (*Out, error) {
				return call(ctx, in, handle, out.NumField() > 0)
			})
		}
	default:
		o.list = listIn(out)
		o.register = func(api huma.API, op huma.Operation) {
			huma.Register(api, op, func(ctx context.Context, in *In) (*envelope[Out], error) {
				out, err := call(ctx, in, handle, true)
				if out == nil {
					return nil, err
				}
				return &envelope[Out]{out}, err
			})
		}
	}
	return o
}

// Name returns the name of the function, with its package.
func (o *Operation) Name() string { return o.name }

// envelope is what huma wants around an answer.
type envelope[T any] struct{ Body *T }

func hasEnvelope(t reflect.Type) bool {
	for _, f := range reflect.VisibleFields(t) {
		if f.Name == "Body" || f.Tag.Get("header") != "" {
			return true
		}
	}
	return false
}

var errNoAnswer = errors.New("the handler returned neither an answer nor an error")

// call keeps an error of handle from huma.
func call[In, Out any](ctx context.Context, in *In, handle func(context.Context, *In) (*Out, error), answers bool) (*Out, error) {
	h := ctx.(*handed) // huma hands on what request.Context returned
	out, err := handle(h.Context, in)
	if err == nil && out == nil && answers {
		err = errNoAnswer
	}
	if err != nil {
		h.request.err = err
		return nil, nil //nolint:nilnil // huma then answers nothing
	}
	return out, nil
}

// check tells whether the parameters of path are those of the type, and whether
// all of them can be read: huma would find out when a request comes.
func (o *Operation) check(path string) error {
	if o.input.Kind() != reflect.Struct {
		return fmt.Errorf("its input must be a struct, not %v", o.input)
	}
	inPath, inType := parameters(path), []string(nil)
	for _, f := range reflect.VisibleFields(o.input) {
		if name := f.Tag.Get("path"); name != "" {
			inType = append(inType, name)
		}
		for _, place := range []string{"path", "query", "header", "cookie"} {
			if name := f.Tag.Get(place); name != "" && !readable(f.Type) && !strings.Contains(name, ",deepObject") {
				return fmt.Errorf("its parameter %s is a %v, which is read from no text", f.Name, f.Type)
			}
		}
	}
	slices.Sort(inPath)
	slices.Sort(inType)
	if !slices.Equal(inPath, inType) {
		return fmt.Errorf("the parameters of its path are %q, and the fields of %v with a tag path have %q: they must be the same", inPath, o.input, inType)
	}
	return nil
}

// readable tells whether huma reads a t from text.
func readable(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[url.URL](), reflect.TypeFor[http.Cookie]():
		return true
	}
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Bool && isPlain(t.Elem().Kind())
	case reflect.Pointer:
		return true // which huma refuses itself
	}
	p := reflect.PointerTo(t)
	return isPlain(t.Kind()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || p.Implements(reflect.TypeFor[huma.ParamWrapper]())
}

func isPlain(k reflect.Kind) bool {
	return reflect.Bool <= k && k <= reflect.Float64 && k != reflect.Uintptr || k == reflect.String
}

// parameters returns the names of those in a path.
func parameters(path string) (names []string) {
	for part := range strings.SplitSeq(path, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok {
			names = append(names, name)
		}
	}
	return names
}
