package httpserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/typed"
)

// Operation is a function with types that answers requests. See [Typed].
type Operation = typed.Operation

// List is an array of any length in the answer of an [Operation], made while it
// is sent: as the answer, or as the last field of it.
type List[T any] = typed.List[T]

// Typed makes of handle what answers a [Route]: In says what a request must be,
// Out what is answered, and both what the document of the API tells.
//
// In is a struct. Its fields with a tag path, query, header or cookie are
// parameters, and a field Body is the body, in JSON. Further tags, among them
// doc, example, default, required, minimum, maximum, minLength, maxLength,
// pattern and enum, are those of huma. What does not fit is answered before
// handle is called.
//
// Out is the answer, in JSON, of a status 200. Where it has a field Body, that
// is the answer, and beside it stand the status (Status int) and headers, by the
// tag header. A struct without fields is 204.
//
// An error of handle is answered as one of a plain handler: a [Problem] as it
// is, one of [Route.Errors] by its status, and all else as 500.
func Typed[In, Out any](handle func(context.Context, *In) (*Out, error)) *Operation {
	return typed.New(handle)
}

// handler returns what Echo is given for r.
func (rs *routes) handler(r Route) (echo.HandlerFunc, error) {
	handler := r.Handler
	if r.Operation != nil {
		if strings.Contains(r.Path, "*") {
			return nil, fmt.Errorf("an operation cannot have * in its path: use a parameter, such as :name, or a handler")
		}
		serve, err := rs.api.Add(rs.operation(r), r.Operation)
		if err != nil {
			return nil, err
		}
		handler = func(c echo.Context) error {
			for _, value := range c.ParamValues() {
				if strings.Contains(value, "/") { // Echo gives all that is left to the last parameter
					return echo.ErrNotFound
				}
			}
			return serve(c.Response(), c.Request(), c)
		}
	}
	if len(r.Errors) > 0 {
		handler = r.Errors.translate(handler)
	}
	return handler, nil
}

// apiVersion is the version of the API in its document: of what clients rely
// on, not of the program.
const apiVersion = "1.0.0"

// operation returns what the document says of r.
func (rs *routes) operation(r Route) huma.Operation {
	path := rs.parameter.ReplaceAllString(r.Path, "$1{$2}")
	path = strings.ReplaceAll(strings.ReplaceAll(path, `\:`, ":"), "*", "{path}")
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}.:", r) })
	feature, _, _ := strings.Cut(r.name(), ".")
	op := huma.Operation{
		OperationID: strings.Join(append([]string{strings.ToLower(r.Method)}, words...), "-"),
		Method:      r.Method,
		Path:        path,
		Summary:     r.Summary,
		Tags:        []string{feature},
	}
	for _, status := range r.Errors {
		op.Errors = append(op.Errors, status)
	}
	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	if r.Document != nil {
		r.Document(&op)
	}
	return op
}
