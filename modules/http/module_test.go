package httpserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	httpserver "example.com/ostov/modules/http"
)

// newApp describes an application that serves HTTP on a free port.
func newApp(out io.Writer, options ...fx.Option) *container.Container {
	return container.New(
		container.Process{Stdout: out, Stderr: io.Discard, Sources: config.Sources{
			Environ: []string{}, Set: []string{"http.address=127.0.0.1:0", "http.docs=false"},
		}},
		append(options, container.Module, httpserver.Module, fx.Provide(zap.NewNop))...,
	)
}

type clock struct{ now string }

func newClock() clock { return clock{"noon"} }

func newRoutes(c clock) []httpserver.Route {
	return []httpserver.Route{
		{Method: http.MethodGet, Path: "/now", Handler: func(ctx echo.Context) error {
			return ctx.String(http.StatusOK, c.now)
		}},
	}
}

// A feature gives its routes by a constructor, whose arguments are injected.
func ExampleRoutes() {
	feature := fx.Module("clock",
		fx.Provide(newClock),
		httpserver.Routes(newRoutes),
	)

	server, err := container.Get[*httpserver.Server](newApp(io.Discard, feature))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range server.Table() {
		fmt.Println(r.Method, r.Path)
	}
	// Output:
	// GET /livez
	// GET /now
	// GET /readyz
}

func TestModuleServesWhileTheApplicationRuns(t *testing.T) {
	t.Parallel()

	var out strings.Builder
	app := newApp(&out, fx.Provide(newClock), httpserver.Routes(newRoutes), fx.Invoke(func(e *echo.Echo) { e.GET("/plain", hello) }))
	server, err := container.Get[*httpserver.Server](app)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	url := server.URLs()[0]
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	for path, want := range map[string]string{"/now": "noon", "/plain": "hello", "/readyz": "ok\n"} {
		r, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if string(text) != want || err != nil {
			t.Errorf("GET %s = %q, %v; want %q", path, text, err, want)
		}
	}
	transport.CloseIdleConnections()
	if err := app.Stop(t.Context()); err != nil {
		t.Error("stop:", err)
	}
	if want := "Serving on " + url + ". Hit CTRL-C to stop.\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("printed %q; want %q first", out.String(), want)
	}
	if _, err := client.Get(url); err == nil {
		t.Error("the server answers after the stop")
	}
}

// A module adds plain Echo middleware by an fx.Invoke: those run in the order of
// the list of modules, whatever the order in which Fx builds.
func TestMiddlewaresOfModulesRunInTheOrderOfTheList(t *testing.T) {
	t.Parallel()

	adds := func(name string) fx.Option {
		return fx.Module(name, fx.Invoke(func(e *echo.Echo) {
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					c.Response().Header().Add("X-Passed", name)
					return next(c)
				}
			})
		}))
	}
	for range 20 {
		app := newApp(io.Discard, adds("audit"), adds("session"), adds("quota"), fx.Provide(newClock), httpserver.Routes(newRoutes))
		e, err := container.Get[*echo.Echo](app)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/now", nil))
		if got := says(w.Result(), "X-Passed"); got != "audit, session, quota" {
			t.Fatalf("a request passed %s; want the order of the modules", got)
		}
	}
}

func TestTakenPortFailsTheStartOfTheApplication(t *testing.T) {
	t.Parallel()

	taken := start(t)
	app := container.New(container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{
		Environ: []string{}, Set: []string{"http.address=" + taken.address()},
	}}, container.Module, httpserver.Module, fx.Provide(zap.NewNop))
	if err := app.Start(t.Context()); err == nil || !strings.Contains(err.Error(), taken.address()) {
		t.Errorf("start: %v; want an error that names %s", err, taken.address())
	}
}
