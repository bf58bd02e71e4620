package httpserver

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/typed"
)

// Route is an endpoint: a handler, and the requests that it answers.
type Route struct {
	Method     string                // such as http.MethodGet
	Path       string                // from its leading slash on, as Echo has it: /words/:word, /files/*
	Handler    echo.HandlerFunc      // or else
	Operation  *Operation            // a function with types, see [Typed]
	Middleware []echo.MiddlewareFunc // of this route only; the first is the outermost
	Errors     Errors                // what errors of the domain mean here

	// What the document of the API says of the route.
	Summary  string                // one line
	Document func(*huma.Operation) // changes all else: description, tags, examples, status of success, ...
	Page     bool                  // for people: not in the document; its policy allows styles, images and forms
}

// RouteInfo is one line of [Server.Table].
type RouteInfo struct {
	Method, Path string
	Handler      string // name of the function
}

// Table returns the routes of the server, by path and method, those included
// that were added to Echo itself.
func (s *Server) Table() []RouteInfo {
	table := make([]RouteInfo, 0, len(s.routes.added))
	for _, r := range s.routes.added {
		table = append(table, RouteInfo{r.Method, r.Path, r.name()})
	}
	slices.SortFunc(table, func(a, b RouteInfo) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return table
}

// routes knows what was added to an Echo, by whomever.
type routes struct {
	echo      *echo.Echo
	api       *typed.API
	added     map[string]Route // by the requests that it answers
	adding    bool             // a route that is noted already
	clashes   []error
	parameter *regexp.Regexp // of a path
}

// watch begins to note the routes that are added to e. Those of Echo's virtual
// hosts stay unknown.
func watch(e *echo.Echo, api *typed.API) *routes {
	rs := &routes{echo: e, api: api, added: make(map[string]Route), parameter: regexp.MustCompile(`([^\\]):([^/]+)`)}
	e.OnAddRouteHandler = func(host string, r echo.Route, h echo.HandlerFunc, m []echo.MiddlewareFunc) {
		if host == "" && r.Method != echo.RouteNotFound && !rs.adding {
			rs.note(Route{Method: r.Method, Path: r.Path, Handler: h, Middleware: m})
		}
	}
	return rs
}

// note refuses a second route for the same requests: Echo would silently
// replace the first.
func (rs *routes) note(r Route) bool {
	requests := rs.requests(r)
	first, clash := rs.added[requests]
	if clash {
		rs.clashes = append(rs.clashes, fmt.Errorf("%v and %v answer the same requests: change or remove one", first, r))
	} else {
		rs.added[requests] = r
	}
	return !clash
}

// add adds routes in an order of their own, for a value group has none.
func (rs *routes) add(all []Route) error {
	var errs []error
	for _, r := range all {
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("route %v: %w", r, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	slices.SortFunc(all, func(a, b Route) int { return strings.Compare(a.String(), b.String()) })
	for _, r := range all {
		if !rs.note(r) {
			continue
		}
		handler, err := rs.handler(r)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %v: %w", r, err))
			continue
		}
		if r.Page {
			handler = page(handler)
		}
		rs.adding = true
		rs.echo.Add(r.Method, r.Path, handler, r.Middleware...)
		rs.adding = false
	}
	return errors.Join(append(errs, rs.clashes...)...)
}

// complete is called when no module adds routes any more. GET / is answered in
// any case.
func (s *Server) complete() error {
	_, root := s.routes.added["GET /"]
	_, all := s.routes.added["GET /*"]
	var index []Route
	if !root && !all {
		index = []Route{{Method: http.MethodGet, Path: "/", Handler: s.index, Page: true}}
	}
	return errors.Join(s.routes.add(index), s.described())
}

// String returns the route as a person names it: GET /words/:word (greeter.word).
func (r Route) String() string { return fmt.Sprintf("%s %s (%s)", r.Method, r.Path, r.name()) }

func (r Route) name() string {
	switch {
	case r.Operation != nil:
		return r.Operation.Name()
	case r.Handler == nil:
		return "no handler"
	}
	name := runtime.FuncForPC(reflect.ValueOf(r.Handler).Pointer()).Name()
	return strings.TrimSuffix(path.Base(name), "-fm") // of a method
}

// requests tells which requests r answers: what its parameters are called makes
// no difference. A colon after a backslash is an ordinary one.
func (rs *routes) requests(r Route) string {
	return r.Method + " " + rs.parameter.ReplaceAllString(r.Path, "$1:")
}

func (r Route) validate() error {
	if (r.Handler == nil) == (r.Operation == nil) {
		return errors.New("it needs a handler or an operation, and not both")
	}
	if slices.ContainsFunc(r.Middleware, func(m echo.MiddlewareFunc) bool { return m == nil }) {
		return errors.New("one of its middlewares is nil")
	}
	if r.Method == "" || strings.ToUpper(r.Method) != r.Method || strings.ContainsAny(r.Method, " \t/") {
		return errors.New("the method must be a word in capitals, such as GET")
	}
	if !strings.HasPrefix(r.Path, "/") {
		return fmt.Errorf("the path must begin with a slash: write /%s", r.Path)
	}
	for known, status := range r.Errors {
		if known == nil || status < http.StatusBadRequest || status > 599 {
			return fmt.Errorf("the error %q has the status %d: want one from 400 to 599", fmt.Sprint(known), status)
		}
	}
	return nil
}
