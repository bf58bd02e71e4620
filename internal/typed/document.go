package typed

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"example.com/ostov/internal/problem"
)

// JSON returns the document, in OpenAPI 3.1.
func (a *API) JSON() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") }

// YAML returns the document, in OpenAPI 3.1.
func (a *API) YAML() ([]byte, error) { return a.huma.OpenAPI().YAML() }

// Describe adds to the document what another handler answers. A method that
// OpenAPI has no word for is left out.
func (a *API) Describe(op huma.Operation) (err error) {
	defer recovered(&err)
	if _, ok := operations(new(huma.PathItem))[op.Method]; !ok {
		return nil
	}
	for _, name := range parameters(op.Path) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if len(op.Responses) == 0 {
		op.Responses = map[string]*huma.Response{"2XX": {Description: "Success"}}
	}
	a.describeErrors(&op)
	a.huma.OpenAPI().AddOperation(&op)
	return nil
}

// recovered makes an error of a panic, by which huma tells what it refuses.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%v", v)
	}
}

// describeErrors says that all errors are problems, and names those of op.
func (a *API) describeErrors(op *huma.Operation) {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")
	add := func(status, description string) {
		if _, ok := op.Responses[status]; !ok {
			op.Responses[status] = &huma.Response{
				Description: description,
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
			}
		}
	}
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	for _, status := range op.Errors {
		add(strconv.Itoa(status), http.StatusText(status))
	}
	op.Errors = nil // huma would add its own
	add("default", "Any error")
}

func operations(item *huma.PathItem) map[string]*huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodHead: item.Head, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete, http.MethodOptions: item.Options, http.MethodTrace: item.Trace,
	}
}

// bound gives s the bounds of the integers of less than 64 bits in t, which
// huma neither documents nor keeps: it cuts 300 down to an int8. And it takes
// from s a word that OpenAPI does not know, now that huma has its messages.
func bound(t reflect.Type, s *huma.Schema) {
	s.PatternDescription = ""
	switch t.Kind() {
	case reflect.Pointer:
		bound(t.Elem(), s)
	case reflect.Slice, reflect.Array:
		if s.Items != nil {
			bound(t.Elem(), s.Items)
		}
	case reflect.Map:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			bound(t.Elem(), values)
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		least, most := 0.0, math.Exp2(float64(t.Bits()))-1
		if t.Kind() <= reflect.Int64 {
			least, most = -math.Exp2(float64(t.Bits()-1)), math.Exp2(float64(t.Bits()-1))-1
		}
		if s.Minimum == nil && s.ExclusiveMinimum == nil {
			s.Minimum = &least
		}
		if s.Maximum == nil && s.ExclusiveMaximum == nil {
			s.Maximum = &most
		}
		s.PrecomputeMessages()
	}
}

// boundFields is bound for the properties of a struct.
func boundFields(t reflect.Type, s *huma.Schema) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if property := s.Properties[name]; property != nil && !f.Anonymous {
			bound(f.Type, property)
		}
	}
}

// boundParameters is bound for the parameters of op.
func boundParameters(t reflect.Type, op *huma.Operation) {
	for _, f := range reflect.VisibleFields(t) {
		for _, p := range op.Parameters {
			if name, _, _ := strings.Cut(f.Tag.Get(p.In), ","); name == p.Name {
				bound(f.Type, p.Schema)
			}
		}
	}
}

// expectations returns, for the parameters of op that are no plain text, what
// they must be; those of arrays, with [] behind the name, for their elements.
func expectations(op *huma.Operation) map[string]string {
	texts := make(map[string]string)
	for _, p := range op.Parameters {
		field := p.In + "." + p.Name
		if text := expectation(p.Schema); text != "" {
			texts[field] = "expected " + text
		}
		if p.Schema.Type == huma.TypeArray && p.Schema.Items.Type != huma.TypeString {
			texts[field+"[]"] = "expected numbers with commas between them"
		}
	}
	return texts
}

func expectation(s *huma.Schema) string {
	switch {
	case s.Type == huma.TypeBoolean:
		return "true or false"
	case s.Type == huma.TypeInteger && len(s.Enum) == 0:
		return "a whole number" + interval(s)
	case s.Type == huma.TypeNumber && len(s.Enum) == 0:
		return "a number" + interval(s)
	case s.Format == "date-time":
		return "a time such as 2006-01-02T15:04:05Z"
	case s.Format == "date":
		return "a date such as 2006-01-02"
	}
	return ""
}

// interval says between which bounds a number must be.
func interval(s *huma.Schema) string {
	plain := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	if s.Minimum != nil && s.Maximum != nil {
		return " from " + plain(s.Minimum) + " to " + plain(s.Maximum)
	}
	var text string
	for _, bound := range []struct {
		format string
		at     *float64
	}{{", %s or more", s.Minimum}, {" over %s", s.ExclusiveMinimum}, {", at most %s", s.Maximum}, {", less than %s", s.ExclusiveMaximum}, {", a multiple of %s", s.MultipleOf}} {
		if bound.at != nil {
			text += fmt.Sprintf(bound.format, plain(bound.at))
		}
	}
	return text
}
