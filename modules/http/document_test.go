package httpserver_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"example.com/ostov/apptest"
	"example.com/ostov/internal/openapi"
	"example.com/ostov/modules/container"
	httpserver "example.com/ostov/modules/http"
)

// tickets answers by headers, with a status and with nothing.
func tickets() setting {
	type ticket struct {
		Location string `header:"Location" doc:"Where it is"`
		Status   int
		Body     struct {
			Number int `json:"number"`
		}
	}
	type numbered struct {
		Number int `path:"number"`
	}
	return routes(
		httpserver.Route{
			Method: http.MethodPost, Path: "/tickets", Summary: "Draw a ticket",
			Document: func(op *huma.Operation) { op.DefaultStatus = http.StatusCreated },
			Operation: httpserver.Typed(func(context.Context, *struct{}) (*ticket, error) {
				return &ticket{Location: "/tickets/7", Status: http.StatusCreated, Body: struct {
					Number int `json:"number"`
				}{7}}, nil
			}),
		},
		httpserver.Route{
			Method: http.MethodDelete, Path: "/tickets/:number",
			Operation: httpserver.Typed(func(context.Context, *numbered) (*struct{}, error) { return nil, nil }),
		},
		httpserver.Route{
			Method: http.MethodGet, Path: "/tickets/", Summary: "All tickets",
			Operation: httpserver.Typed(func(context.Context, *struct{}) (*httpserver.List[string], error) {
				list := httpserver.List[string](func(yield func(string, error) bool) { _ = yield("<7>", nil) && yield("8", nil) })
				return &list, nil
			}),
		},
	)
}

func TestDocumentIsValidAndAsBefore(t *testing.T) {
	t.Parallel()

	settings := []setting{
		orders(), tickets(),
		get("/files/*", hello), get(`/odd\:name/:id`, hello),
		routes(httpserver.Route{Method: http.MethodGet, Path: "/about", Handler: hello, Page: true}),
		func(p *httpserver.Params) { p.App = container.Config{Name: "orders"} },
	}
	k := build(t, settings...)
	text := k.ask("GET", "/openapi.json").Body.Bytes()
	document := openapi.Check(t, text)
	want := []string{
		"DELETE /tickets/{number}", "GET /files/{path}", "GET /livez", "GET /odd:name/{id}", "GET /readyz", "GET /tickets/",
		"POST /plain/{id}", "POST /tickets", "PUT /orders/{id}",
	}
	if got := document.Operations(); !slices.Equal(got, want) {
		t.Errorf("the document names %q; want every route but the pages: %q", got, want)
	}
	if again := build(t, settings...).ask("GET", "/openapi.json").Body.Bytes(); !bytes.Equal(text, again) {
		t.Error("another server with the same routes has another document")
	}
	apptest.Golden(t, "openapi.json", string(text))
	yaml := k.ask("GET", "/openapi.yaml")
	if got := yaml.Header().Get("Content-Type"); got != "application/yaml" {
		t.Errorf("the document in YAML is of type %q", got)
	}
	apptest.Golden(t, "openapi.yaml", yaml.Body.String())

	for _, tt := range []struct{ request, operation, want string }{
		{"POST /tickets", "POST /tickets", `201 /tickets/7 {"number":7}`},
		{"DELETE /tickets/7", "DELETE /tickets/{number}", "204  "},
		{"DELETE /tickets/x", "DELETE /tickets/{number}", ""}, // a problem
		{"GET /tickets/", "GET /tickets/", `200  ["\u003c7\u003e","8"]`},
		{"GET /livez", "GET /livez", "200  ok"},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		w := k.ask(method, path)
		document.CheckAnswer(tt.operation, w.Code, w.Header(), w.Body.Bytes())
		if got := fmt.Sprintf("%d %s %s", w.Code, w.Header().Get("Location"), strings.TrimSuffix(w.Body.String(), "\n")); tt.want != "" && got != tt.want {
			t.Errorf("%s = %s; want %s", tt.request, got, tt.want)
		}
	}
}

func TestDocumentIsNotServedWhereThatIsOff(t *testing.T) {
	t.Parallel()

	k := build(t, tickets(), set(func(c *httpserver.Config) { c.Docs = false }))
	for _, path := range []string{"/docs", "/docs.js", "/docs.css", "/openapi.json", "/openapi.yaml"} {
		if w := k.ask("GET", path); w.Code != http.StatusNotFound {
			t.Errorf("GET %s = %d; want 404", path, w.Code)
		}
	}
	if w := k.ask("POST", "/tickets"); w.Code != http.StatusCreated {
		t.Errorf("POST /tickets = %d; want 201", w.Code)
	}
}

func TestWrongOperationsAreRefused(t *testing.T) {
	t.Parallel()

	type named struct {
		Name string `path:"name"`
	}
	type wrongTag struct {
		Count int `query:"count" default:"many"`
	}
	type wrongType struct {
		Where chan int `query:"where"`
	}
	type pointer struct {
		Count *int `query:"count"`
	}
	plain := takes[struct{}]()
	tests := []struct {
		name  string
		route httpserver.Route // GET /a, unless it has another path
		want  string           // in the message
	}{
		{"a handler, too", httpserver.Route{Handler: hello, Operation: plain}, "a handler or an operation, and not both"},
		{"a star", httpserver.Route{Path: "/a/*", Operation: plain}, "cannot have *"},
		{"no field for a parameter", httpserver.Route{Path: "/a/:name", Operation: plain}, `parameters of its path are ["name"]`},
		{"no parameter for a field", httpserver.Route{Operation: takes[named]()}, `a tag path have ["name"]`},
		{"a default that does not fit", httpserver.Route{Operation: takes[wrongTag]()}, "Count"},
		{"a parameter of no form", httpserver.Route{Operation: takes[wrongType]()}, "Where is a chan int"},
		{"a pointer", httpserver.Route{Operation: takes[pointer]()}, "pointers are not supported"},
		{"no struct", httpserver.Route{Operation: takes[int]()}, "input must be a struct, not int"},
		{"no status of an error", httpserver.Route{Operation: plain, Errors: httpserver.Errors{errTaken: 200}}, `"the name is taken" has the status 200`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			tt.route.Method, tt.route.Path = "GET", cmp.Or(tt.route.Path, "/a")
			_, err := httpserver.New(httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.NewNop(), Routes: []httpserver.Route{tt.route}})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "route GET /a") {
				t.Errorf("New = %v; want an error that names the route, and has %q", err, tt.want)
			}
		})
	}
}

// takes is an operation that does nothing with its input.
func takes[In any]() *httpserver.Operation {
	return httpserver.Typed(func(context.Context, *In) (*struct{}, error) { return nil, nil })
}

func TestTypesOfOneNameInTwoFeaturesAreRefused(t *testing.T) {
	t.Parallel()

	one := func() *httpserver.Operation {
		type page struct{ A int }
		return httpserver.Typed(func(context.Context, *struct{}) (*page, error) { return nil, nil })
	}
	other := func() *httpserver.Operation {
		type page struct{ B int }
		return httpserver.Typed(func(context.Context, *struct{}) (*page, error) { return nil, nil })
	}
	_, err := httpserver.New(httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.NewNop(), Routes: []httpserver.Route{
		{Method: "GET", Path: "/a", Operation: one()}, {Method: "GET", Path: "/b", Operation: other()},
	}})
	if err == nil || !strings.Contains(err.Error(), "route GET /b") || !strings.Contains(err.Error(), "page") {
		t.Errorf("New = %v; want an error that names the second route and the type", err)
	}
}

// rows answers with as many rows as it is asked for.
func rows(fail error) setting {
	type query struct {
		Count int `query:"count"`
	}
	type page struct {
		Total int                    `json:"total"`
		Rows  httpserver.List[order] `json:"rows"`
	}
	return routes(httpserver.Route{Method: http.MethodGet, Path: "/rows", Operation: httpserver.Typed(
		func(_ context.Context, in *query) (*page, error) {
			return &page{in.Count, func(yield func(order, error) bool) {
				for i := range in.Count {
					if !yield(order{Name: strings.Repeat("x", i%20), Lines: []line{}}, nil) {
						return
					}
				}
				if fail != nil {
					yield(order{}, fail)
				}
			}}, nil
		},
	)})
}

func TestListIsSentWhileItIsMade(t *testing.T) {
	t.Parallel()

	k := build(t, rows(nil))
	document := openapi.Check(t, k.ask("GET", "/openapi.json").Body.Bytes())
	for _, target := range []string{"/rows", "/rows?count=1", "/rows?count=5000"} {
		w := k.ask("GET", target)
		var got struct {
			Total int
			Rows  []order
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Rows) != got.Total {
			t.Errorf("GET %s = %d rows, %v; want %d", target, len(got.Rows), err, got.Total)
		}
		if !strings.HasSuffix(w.Body.String(), "]}\n") {
			t.Errorf("GET %s ends with %q", target, w.Body.String()[max(0, w.Body.Len()-10):])
		}
		if got.Total < 2 { // an order without lines is none, so the document would not have more
			document.CheckAnswer("GET /rows", w.Code, w.Header(), bytes.ReplaceAll(w.Body.Bytes(), []byte(`"name":"","lines":[]`), []byte(`"name":"a","lines":[{"thing":"nut","count":1}]`)))
		}
	}
}

func TestListThatFails(t *testing.T) {
	t.Parallel()

	k := start(t, rows(errors.New("s3cret")))
	for target, want := range map[string]int{"/rows?count=3": http.StatusInternalServerError, "/rows?count=50000": 0} {
		r, text, err := k.fetch(target)
		switch {
		case want > 0 && (err != nil || r.StatusCode != want || strings.Contains(text, "xxx")):
			t.Errorf("GET %s = %.100s, %v; want the error, for nothing was sent", target, text, err)
		case want == 0 && err == nil:
			t.Errorf("GET %s = %d bytes and a whole answer; want one that breaks off", target, len(text))
		}
		if strings.Contains(text, "s3cret") {
			t.Errorf("GET %s tells the client of the error", target)
		}
	}
	k.client.CloseIdleConnections()
	k.stop()
	var told int
	for _, entry := range k.logs.FilterMessage("request").All() {
		if strings.Contains(cmp.Or(entry.ContextMap()["error"], any("")).(string), "s3cret") {
			told++
		}
	}
	if told != 2 {
		t.Errorf("%d records have the error; want both", told)
	}
}

// Several applications run in one process, so nothing of huma's that they share
// may be changed, and no document may know of another's types.
func TestTwoServersShareNothing(t *testing.T) {
	t.Parallel()

	type page struct {
		Only string `json:"only"`
	}
	one := build(t, tickets())
	other := build(t, orders(), routes(httpserver.Route{Method: "GET", Path: "/page", Operation: httpserver.Typed(
		func(context.Context, *struct{}) (*page, error) { return &page{"other"}, nil },
	)}))
	if text := one.ask("GET", "/openapi.json").Body.String(); strings.Contains(text, "Page") || strings.Contains(text, "/orders") {
		t.Errorf("a document has what another server answers: %s", text)
	}
	openapi.Check(t, other.ask("GET", "/openapi.json").Body.Bytes())
	err := huma.NewError(http.StatusTeapot, "tea")
	if model, ok := err.(*huma.ErrorModel); !ok || model.Status != http.StatusTeapot || !huma.DefaultArrayNullable || huma.ValidateStrictCasing {
		t.Errorf("a variable of huma was assigned: NewError makes %T", err)
	}
}
