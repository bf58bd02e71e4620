package httpserver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"example.com/ostov/health"
	httpserver "example.com/ostov/modules/http"
)

func other(c echo.Context) error { return c.String(http.StatusOK, "other") }

func none(next echo.HandlerFunc) echo.HandlerFunc { return next }

// Contract B105.
func TestWrongRoutesAreRefused(t *testing.T) {
	t.Parallel()

	route := func(method, path string) httpserver.Route {
		return httpserver.Route{Method: method, Path: path, Handler: hello}
	}
	tests := []struct {
		name   string
		routes []httpserver.Route
		want   []string // in the message
	}{
		{
			name:   "the same method and path",
			routes: []httpserver.Route{route("GET", "/a"), {Method: "GET", Path: "/a", Handler: other}},
			want:   []string{"GET /a (http_test.hello) and GET /a (http_test.other) answer the same requests"},
		},
		{
			name:   "the same but for the name of a parameter",
			routes: []httpserver.Route{route("GET", "/users/:id/files"), {Method: "GET", Path: "/users/:name/files", Handler: other}},
			want:   []string{"GET /users/:id/files (http_test.hello)", "GET /users/:name/files (http_test.other)"},
		},
		{
			name:   "a probe's",
			routes: []httpserver.Route{route("GET", "/livez")},
			want:   []string{"GET /livez (http.(*Server).live)", "GET /livez (http_test.hello)"},
		},
		{name: "no slash", routes: []httpserver.Route{route("GET", "a")}, want: []string{"GET a (http_test.hello)", "write /a"}},
		{name: "no path", routes: []httpserver.Route{route("GET", "")}, want: []string{"must begin with a slash"}},
		{name: "no method", routes: []httpserver.Route{route("", "/a")}, want: []string{"in capitals, such as GET"}},
		{name: "a small method", routes: []httpserver.Route{route("get", "/a")}, want: []string{"in capitals, such as GET"}},
		{name: "no handler", routes: []httpserver.Route{{Method: "GET", Path: "/a"}}, want: []string{"GET /a", "needs a handler"}},
		{
			name:   "a nil middleware",
			routes: []httpserver.Route{{Method: "GET", Path: "/a", Handler: hello, Middleware: []echo.MiddlewareFunc{none, nil}}},
			want:   []string{"GET /a (http_test.hello)", "middlewares is nil"},
		},
		{
			name:   "several at once",
			routes: []httpserver.Route{route("GET", "a"), route("", "/b")},
			want:   []string{"write /a", "in capitals"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			for range 5 { // a value group has no order
				rand.Shuffle(len(tt.routes), func(i, j int) { tt.routes[i], tt.routes[j] = tt.routes[j], tt.routes[i] })
				_, err := httpserver.New(httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.NewNop(), Routes: tt.routes})
				for _, want := range tt.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("New with %v: %v; want a message with %q", tt.routes, err, want)
					}
				}
			}
		})
	}
}

func TestRoutesThatDifferAreServed(t *testing.T) {
	t.Parallel()

	answer := func(text string) echo.HandlerFunc {
		return func(c echo.Context) error { return c.String(http.StatusOK, text) }
	}
	k := build(t,
		get("/a", answer("a")), post("/a", answer("post")), get("/a/", answer("slash")),
		get("/a/:x", answer("parameter")), get("/a/b", answer("static")), get("/files/*", answer("star")),
		get(`/a\:x`, answer("colon")), get(`/a\:y`, answer("another")),
	)
	for target, want := range map[string]string{
		"/a": "a", "/a/": "slash", "/a/c": "parameter", "/a/b": "static", "/files/x/y": "star", "/a:x": "colon", "/a:y": "another",
	} {
		if got := k.ask("GET", target).Body.String(); got != want {
			t.Errorf("GET %s = %q; want %q", target, got, want)
		}
	}
	if got := k.ask("POST", "/a").Body.String(); got != "post" {
		t.Errorf("POST /a = %q; want post", got)
	}
}

func TestRouteThatEchoGotTwiceFailsTheStart(t *testing.T) {
	t.Parallel()

	k := build(t, get("/a", hello))
	k.echo.GET("/a", other)
	_, err := k.Serve(func(error) {})(t.Context())
	if err == nil || !strings.Contains(err.Error(), "GET /a (http_test.hello) and GET /a (http_test.other)") {
		t.Errorf("start: %v; want an error that names both handlers", err)
	}
}

func TestTableHasEveryRouteInOrder(t *testing.T) {
	t.Parallel()

	k := build(t, get("/b", hello), post("/a", hello), get("/a", other))
	k.echo.GET("/plain", hello)
	k.echo.Group("/group", none).GET("/c", hello)
	k.echo.Host("other.example").GET("/host", hello)
	want := `GET /a http_test.other
POST /a http_test.hello
GET /b http_test.hello
GET /docs http.docsFile
GET /docs.css http.docsFile
GET /docs.js http.docsFile
GET /group/c http_test.hello
GET /livez http.(*Server).live
GET /openapi.json http.(*Server).openAPI
GET /openapi.yaml http.(*Server).openAPI
GET /plain http_test.hello
GET /readyz http.(*Server).ready
`
	var got strings.Builder
	for _, r := range k.Table() {
		fmt.Fprintln(&got, r.Method, r.Path, r.Handler)
	}
	if got.String() != want {
		t.Errorf("table is\n%swant\n%s", got.String(), want)
	}
}

func TestMiddlewareOfARoute(t *testing.T) {
	t.Parallel()

	k := build(t, routes(httpserver.Route{Method: "GET", Path: "/", Handler: hello, Middleware: []echo.MiddlewareFunc{passes("first"), passes("second")}}))
	if got := says(k.ask("GET", "/").Result(), "X-Passed"); got != "first, second" {
		t.Errorf("GET / passed %q; want first, second", got)
	}
}

func TestIndexNamesTheRoutesWhereNoModuleHasAPage(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		add   func(*echo.Echo)
		index bool
	}{
		{"nothing at /", func(*echo.Echo) {}, true},
		{"POST only", func(e *echo.Echo) { e.POST("/", hello) }, true},
		{"a group at /", func(e *echo.Echo) { e.Group("", none) }, true},
		{"unlinkable routes", func(e *echo.Echo) { e.GET("/a/:x", hello); e.POST("/<b>", hello) }, true},
		{"a page", func(e *echo.Echo) { e.GET("/", hello) }, false},
		{"everything", func(e *echo.Echo) { e.GET("/*", hello) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := build(t, get("/a", hello))
			tt.add(k.echo)
			k.serve(t.Context())
			w := k.ask("GET", "/")
			page := w.Body.String()
			if index := strings.Contains(page, `<a href="/a">/a</a>`); w.Code != http.StatusOK || index != tt.index {
				t.Errorf("GET / = %d %s; want a page that links /a: %t", w.Code, page, tt.index)
			}
			if strings.Contains(page, `/a/:x"`) || strings.Contains(page, "<b>") {
				t.Errorf("the page links what cannot be followed, or is not escaped: %s", page)
			}
		})
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()

	sick := func(context.Context) error { return fmt.Errorf("the database does not answer") }
	tests := []struct {
		name        string
		running     bool
		checks      []health.Check
		live, ready int
	}{
		{name: "well", running: true, live: 200, ready: 200},
		{name: "starting", live: 200, ready: 503},
		{name: "not ready", running: true, checks: []health.Check{health.Ready.Check("database", sick)}, live: 200, ready: 503},
		{name: "not alive", running: true, checks: []health.Check{health.Live.Check("loop", sick)}, live: 503, ready: 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			registry := health.NewRegistry(func() bool { return tt.running })
			if err := registry.Add(tt.checks...); err != nil {
				t.Fatal(err)
			}
			k := build(t, func(p *httpserver.Params) { p.Health = registry })
			for path, want := range map[string]int{"/livez": tt.live, "/readyz": tt.ready} {
				w := k.ask("GET", path)
				if w.Code != want || strings.Contains(w.Body.String(), "database") || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("GET %s = %d %q; want %d, not to be stored and without details", path, w.Code, w.Body, want)
				}
			}
			k.announce()
			if w := k.ask("GET", "/readyz"); w.Code != http.StatusServiceUnavailable {
				t.Errorf("GET /readyz during the stop = %d; want 503", w.Code)
			}
		})
	}
}
