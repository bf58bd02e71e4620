package ostov_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheGraphIsComplete(t *testing.T) {
	t.Parallel()

	if err := fx.ValidateApp(modules.All(), fx.NopLogger); err != nil {
		t.Error(err)
	}
}

func TestTheGivenModulesAreInTheGraph(t *testing.T) {
	t.Parallel()

	var given struct {
		fx.In

		Container  *container.Container
		Dispatcher *dispatcher.Dispatcher
		Echo       *echo.Echo
	}
	apptest.Start(t, fx.Populate(&given))
	if given.Container == nil || given.Dispatcher == nil || given.Echo == nil {
		t.Errorf("the graph gives %v, %v, %v; want all three", given.Container, given.Dispatcher, given.Echo)
	}
}

// What it answers with is the test's own, so that the example can be deleted.
func TestTheApplicationAnswersAndStops(t *testing.T) {
	t.Parallel()

	var servers *tcp.Servers
	app := apptest.Start(t, fx.Populate(&servers),
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{{Method: http.MethodGet, Path: "/shout/:word", Handler: func(c echo.Context) error {
				return c.String(http.StatusOK, strings.ToUpper(c.Param("word")))
			}}}
		}),
		tcp.Server(func() tcp.LineServer {
			return tcp.LineServer{
				Name: "shout", Address: "127.0.0.1:0", Greeting: "shout> ",
				Answer: func(_ context.Context, line []byte, w io.Writer) error {
					_, err := w.Write(append(bytes.ToUpper(line), '\n'))
					return err
				},
			}
		}))
	if status, body := app.Get("/shout/hello"); status != http.StatusOK || body != "HELLO" {
		t.Errorf("GET /shout/hello = %d %s; want 200 HELLO", status, body)
	}
	for _, url := range []string{"/livez", "/readyz", app.Admin + "/livez", app.Admin + "/readyz", app.Admin + "/startupz"} {
		if status, body := app.Get(url); status != http.StatusOK {
			t.Errorf("GET %s = %d %s; want 200", url, status, body)
		}
	}

	var session net.Conn
	for _, url := range servers.URLs() {
		app.TCP = strings.TrimPrefix(url, "tcp://")
		c := app.Dial()
		greeting := make([]byte, len("shout> "))
		if n, _ := io.ReadAtLeast(c, greeting, 1); strings.HasPrefix("shout> ", string(greeting[:n])) {
			session = c
			if _, err := io.ReadFull(c, greeting[n:]); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if session == nil {
		t.Fatalf("none of %v is the test's server", servers.URLs())
	}
	if _, err := io.WriteString(session, "hello\r\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("HELLO\n"))
	if _, err := io.ReadFull(session, got); err != nil || string(got) != "HELLO\n" {
		t.Errorf("the session said %q, %v; want HELLO", got, err)
	}

	if err := app.Stop(); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if rest, err := io.ReadAll(session); err != nil || len(rest) > 0 {
		t.Errorf("after the stop the session said %q, %v; want its end", rest, err)
	}
}

func TestPlainFxRunsTheWholeApplication(t *testing.T) {
	t.Parallel()

	process := container.Process{
		Stdout: io.Discard, Stderr: io.Discard,
		Sources: config.Sources{Environ: []string{}, Set: []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"}},
	}
	app := fx.New(modules.All(), fx.Supply(process))
	if err := errors.Join(app.Err(), app.Start(t.Context()), app.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}

// A plain Fx hook is a Resource: it starts before the dispatcher and stops
// after it. Work that its OnStart hands over waits and runs once the dispatcher
// is up; work that its OnStop hands over is refused, as docs/guide says.
func TestAPlainHookThatHandsWorkToTheDispatcher(t *testing.T) {
	t.Parallel()

	ran := make(chan struct{})
	var late error
	app := apptest.Start(t, fx.Invoke(func(lc fx.Lifecycle, d *dispatcher.Dispatcher) {
		lc.Append(fx.Hook{
			OnStart: func(ctx context.Context) error {
				return d.Go(ctx, "early", func(context.Context) error { close(ran); return nil })
			},
			OnStop: func(ctx context.Context) error {
				late = d.Go(ctx, "late", func(context.Context) error { return nil })
				return nil
			},
		})
	}))
	<-ran
	if err := app.Stop(); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if !errors.Is(late, dispatcher.ErrStopping) {
		t.Errorf("Go in OnStop = %v; want ErrStopping", late)
	}
}
