package apptest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"

	"example.com/ostov/apptest"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

// parrot is a module with every kind of way in.
func parrot() fx.Option {
	route := func(method, path string, h echo.HandlerFunc) httpserver.Route {
		return httpserver.Route{Method: method, Path: path, Handler: h}
	}
	return fx.Module("parrot",
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{
				route(http.MethodPost, "/say", func(c echo.Context) error {
					body, err := io.ReadAll(c.Request().Body)
					if err != nil {
						return err
					}
					return c.JSON(http.StatusCreated, map[string]string{"body": string(body), "type": c.Request().Header.Get("Content-Type"), "x": c.Request().Header.Get("X-Word")})
				}),
				route(http.MethodGet, "/refuse", func(echo.Context) error { return echo.NewHTTPError(http.StatusConflict, "Not twice.") }),
				route(http.MethodGet, "/move", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/say") }),
				route(http.MethodGet, "/events", func(c echo.Context) error {
					c.Response().Header().Set("Content-Type", "text/event-stream")
					_, err := io.WriteString(c.Response(), ": hello\n\nid: 1\nevent: price\ndata: 42\ndata: 43\n\ndata:44\n\n")
					return err
				}),
			}
		}),
		tcp.Server(func() tcp.LineServer {
			return tcp.LineServer{Name: "parrot", Greeting: "? ", Answer: func(_ context.Context, line []byte, w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s\n", line)
				return err
			}}
		}),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: "chirp", Cron: "@yearly", Run: func(context.Context) error { return nil }}
		}),
	)
}

func TestAClientForEachWayIn(t *testing.T) {
	t.Parallel()

	app := apptest.StartOnly(t, parrot())
	var said map[string]string
	for body, want := range map[any]string{
		"plain":               "plain",
		struct{ A int }{7}:    `{"A":7}`,
		any(nil):              "",
		[1]string{"in a row"}: `["in a row"]`,
	} {
		app.Do(http.MethodPost, "/say", body, "X-Word: spoken ").Want(http.StatusCreated).JSON(&said)
		if said["body"] != want || said["x"] != "spoken" {
			t.Errorf("body %v arrives as %v; want %s", body, said, want)
		}
	}
	app.Do(http.MethodPost, "/say", url.Values{"a": {"b c"}}).JSON(&said)
	if said["body"] != "a=b+c" || said["type"] != "application/x-www-form-urlencoded" {
		t.Errorf("a form arrives as %v", said)
	}
	if p := app.Do(http.MethodGet, "/refuse", nil).Want(http.StatusConflict).Problem(); p.Detail != "Not twice." || p.RequestID == "" {
		t.Errorf("the problem is %+v; want its detail and a request id", p)
	}
	if r := app.Do(http.MethodGet, "/move", nil).Want(http.StatusSeeOther); r.Header.Get("Location") != "/say" {
		t.Errorf("the redirect is %v; want it, not what it leads to", r.Header)
	}
	if got := app.Talk("one", "two"); got != "? one\ntwo\n" {
		t.Errorf("the line server says %q", got)
	}

	next := app.Events("/events")
	for _, want := range []apptest.Event{{ID: "1", Name: "price", Data: "42\n43"}, {Data: "44"}} {
		if e, ok := next(); !ok || e != want {
			t.Errorf("event %+v, %v; want %+v", e, ok, want)
		}
	}
	if e, ok := next(); ok {
		t.Errorf("event %+v; want the end", e)
	}
}

func TestWaitTaskWaitsForWhatIsAskedFor(t *testing.T) {
	t.Parallel()

	var d *dispatcher.Dispatcher
	app := apptest.StartOnly(t, parrot(), fx.Populate(&d))
	if s := app.WaitTask("chirp", func(s dispatcher.TaskState) bool { return s.State == dispatcher.Waiting }); s.Kind != "schedule" {
		t.Errorf("state %+v; want a schedule that waits", s)
	}
	end := make(chan struct{})
	if err := d.Go(t.Context(), "once", func(context.Context) error { <-end; return nil }); err != nil {
		t.Fatal(err)
	}
	app.WaitTask("once", func(s dispatcher.TaskState) bool { return s.State == dispatcher.Running })
	close(end)
	app.WaitTask("once", func(s dispatcher.TaskState) bool { return s.State == "" })
}

// broken is a test that may fail without failing the real one.
func broken(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	r := &findings{TB: t}
	func() {
		defer func() {
			if v := recover(); v != nil && v != errFatal {
				panic(v)
			}
		}()
		f(r)
	}()
	return strings.Join(r.all, "\n")
}

var errFatal = errors.New("the test has ended")

func (f *findings) Fatal(args ...any) { f.Error(args...); panic(errFatal) }

func (f *findings) Fatalf(format string, args ...any) { f.Errorf(format, args...); panic(errFatal) }

func TestWhatIsNotAsWantedFailsTheTestWithTheAnswer(t *testing.T) {
	t.Parallel()

	for want, f := range map[string]func(app *apptest.App){
		"GET /refuse answers 409, want 200: {":            func(app *apptest.App) { app.Do(http.MethodGet, "/refuse", nil).Want(http.StatusOK) },
		"unknown field":                                   func(app *apptest.App) { app.Do(http.MethodGet, "/refuse", nil).JSON(&struct{ Status int }{}) },
		"POST /say answers 201 with \"application/json\"": func(app *apptest.App) { app.Do(http.MethodPost, "/say", nil).Problem() },
		"header \"X\" has no colon":                       func(app *apptest.App) { app.Do(http.MethodGet, "/", nil, "X") },
		"events of /refuse: the answer is 409 Conflict":   func(app *apptest.App) { app.Events("/refuse") },
		"connection refused":                              func(app *apptest.App) { app.Get("http://127.0.0.1:1/") },
		"start the application with apptest.Traced()":     func(app *apptest.App) { app.Span("GET /") },
		"no metric is called http_requests":               func(app *apptest.App) { app.Metric("http_requests") },
	} {
		if got := broken(t, func(t testing.TB) { f(apptest.StartOnly(t, parrot())) }); !strings.Contains(got, want) {
			t.Errorf("the failure is %q; want it to say %q", got, want)
		}
	}
}

func TestGoldenShowsTheFirstLineThatDiffers(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := broken(t, func(t testing.TB) { apptest.Golden(t, "a.txt", "") }); !strings.Contains(got, "go test -update writes it") {
		t.Errorf("the failure is %q; want what to do", got)
	}
	if err := os.Mkdir("testdata", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/a.txt", []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	apptest.Golden(t, "a.txt", "one\ntwo\n")
	for _, got := range []string{"one\n2\n", "one\n", "one\ntwo\n\n"} {
		if said := broken(t, func(t testing.TB) { apptest.Golden(t, "a.txt", got) }); !strings.Contains(said, "a.txt:") || strings.Contains(said, "a.txt:1:") {
			t.Errorf("for %q the failure is %q; want the line", got, said)
		}
	}
}
