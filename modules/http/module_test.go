package httpserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	httpserver "example.com/ostov/modules/http"
)

// newApp describes an application that serves HTTP.
func newApp(options ...fx.Option) *container.Container {
	return container.New(
		container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{Environ: []string{}, Set: []string{"http.docs=false"}}},
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

	server, err := container.Get[*httpserver.Server](newApp(feature))
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

	app := apptest.StartOnly(t, fx.Provide(newClock), httpserver.Routes(newRoutes), fx.Invoke(func(e *echo.Echo) { e.GET("/plain", hello) }))
	for path, want := range map[string]string{"/now": "noon", "/plain": "hello", "/readyz": "ok\n"} {
		if status, text := app.Get(path); status != http.StatusOK || text != want {
			t.Errorf("GET %s = %d %q; want %q", path, status, text, want)
		}
	}
	if err := app.Stop(); err != nil {
		t.Error("stop:", err)
	}
	if r, err := http.Get(app.URL); err == nil {
		_ = r.Body.Close()
		t.Error("the server answers after the stop")
	}
}

// A module adds plain Echo middleware by an fx.Invoke: those run in the order of
// the list of modules, whatever the order in which Fx builds.
func TestMiddlewaresOfModulesRunInTheOrderOfTheList(t *testing.T) {
	t.Parallel()

	adds := func(name string) fx.Option {
		return fx.Module(name, fx.Invoke(func(e *echo.Echo) { e.Use(passes(name)) }))
	}
	for range 20 {
		app := newApp(adds("audit"), adds("session"), adds("quota"), fx.Provide(newClock), httpserver.Routes(newRoutes))
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
