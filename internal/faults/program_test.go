//go:build unix

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.uber.org/fx"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"example.com/ostov/internal/command"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

// asProgram makes the test binary the program.
const asProgram = "TEST_FAULTS"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		go endWithTest()
		os.Exit(command.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr, fx.Options(modules.All(), faults)))
	}
	goleak.VerifyTestMain(m)
}

// endWithTest ends the program when the test binary is gone, however it went: it
// holds the other end of stdin.
func endWithTest() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(orphaned)
}

// orphaned is the exit code of a program without its test.
const orphaned = 70

var faults = fx.Module("faults",
	fx.Provide(newTallies),
	httpserver.Routes(newRoutes),
	tcp.Server(newLines),
	dispatcher.Task(newFragile),
	container.CleanupCtx(resource),
	fx.Invoke(plainEcho),
)

// resource is what handlers depend on: its release has to be the last word.
func resource(log *zap.Logger) lifecycle.Setup {
	return func(context.Context) (lifecycle.Cleanup, error) {
		return func(context.Context) error {
			log.Info("the resource is released")
			return nil
		}, nil
	}
}

// plainEcho adds what Echo brings along, as a feature may.
func plainEcho(e *echo.Echo, t *tallies) {
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Path() == "/hello" {
				t.add("hello", 1)
			}
			return next(c)
		}
	})
	e.Static("/files", "files")
	admin := e.Group("/admin", func(echo.HandlerFunc) echo.HandlerFunc {
		return func(echo.Context) error { return echo.ErrForbidden }
	})
	admin.GET("/*", func(c echo.Context) error { return c.String(http.StatusOK, "secret") })
	e.GET("/slash/*", func(echo.Context) error { return echo.ErrNotFound }, middleware.AddTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: http.StatusFound}))
}

func newRoutes(t *tallies) []httpserver.Route {
	get := func(path string, h echo.HandlerFunc) httpserver.Route {
		return httpserver.Route{Method: http.MethodGet, Path: path, Handler: h}
	}
	return []httpserver.Route{
		get("/hello", func(c echo.Context) error { return c.String(http.StatusOK, "hello") }),
		get("/await", t.await),
		get("/sleep", t.during("sleep", sleep)),
		get("/held", t.during("held", held)),
		get("/deaf", t.during("deaf", func(echo.Context) error { select {} })),
		get("/patient", t.during("patient", patient)),
		get("/events", t.during("events", events)),
		get("/socket", t.during("socket", socket)),
		get("/panic", func(echo.Context) error { panic("at the test's command") }),
		get("/panic/late", latePanic),
		get("/big", t.during("big", bytesOf)),
		{Method: http.MethodPost, Path: "/body", Handler: t.during("body", body)},
		{Method: http.MethodPost, Path: "/upload", Handler: upload},
	}
}

// sleep answers after the time that ?for= says, whatever happens meanwhile.
func sleep(c echo.Context) error {
	d, err := time.ParseDuration(c.QueryParam("for"))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	<-time.After(d)
	return c.String(http.StatusOK, "slept for "+d.String())
}

// held answers half a second after the server has begun to drain.
func held(c echo.Context) error {
	<-httpserver.Stream(c)
	<-time.After(500 * time.Millisecond)
	return c.String(http.StatusOK, "held")
}

// patient waits for the end of its context.
func patient(c echo.Context) error {
	<-c.Request().Context().Done()
	return c.Request().Context().Err()
}

func events(c echo.Context) error {
	draining := httpserver.Stream(c)
	c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
	c.Response().Flush()
	select {
	case <-draining:
		_, err := io.WriteString(c.Response(), "event: bye\n\n")
		return err
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
}

func socket(c echo.Context) error {
	draining := httpserver.Stream(c)
	ws, err := websocket.Accept(c.Response(), c.Request(), nil)
	if err != nil {
		return err
	}
	gone := ws.CloseRead(c.Request().Context())
	select {
	case <-draining:
		return ws.Close(websocket.StatusGoingAway, "the server is stopping")
	case <-gone.Done():
		return nil
	}
}

func latePanic(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentLength, "100")
	if _, err := io.WriteString(c.Response(), "the first of 100 bytes"); err != nil {
		return err
	}
	c.Response().Flush()
	panic("at the test's command, late")
}

// bytesOf answers with so many bytes as ?bytes= says.
func bytesOf(c echo.Context) error {
	left, err := strconv.Atoi(c.QueryParam("bytes"))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	for chunk := bytes.Repeat([]byte("x"), 32<<10); left > 0 && err == nil; left -= len(chunk) {
		_, err = c.Response().Write(chunk[:min(left, len(chunk))])
	}
	return err
}

// body answers with the number of bytes of the body.
func body(c echo.Context) error {
	n, err := io.Copy(io.Discard, c.Request().Body)
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, strconv.FormatInt(n, 10))
}

func upload(c echo.Context) error {
	file, err := c.FormFile("file")
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "no file").SetInternal(err)
	}
	return c.String(http.StatusOK, strconv.FormatInt(file.Size, 10))
}

// newLines returns a line server whose answers fail as the line says.
func newLines(t *tallies) tcp.LineServer {
	return tcp.LineServer{
		Name: "faults", Address: "127.0.0.1:0", Greeting: "> ",
		Answer: func(_ context.Context, line []byte, w io.Writer) error {
			command, argument, _ := bytes.Cut(line, []byte(" "))
			switch string(command) {
			case "panic":
				panic("at the test's command, by line")
			case "sleep":
				d, err := time.ParseDuration(string(argument))
				if err != nil {
					return errors.Join(tcp.ErrClose, err)
				}
				t.add("lines", 1)
				defer t.add("lines", -1)
				<-time.After(d)
			}
			_, err := fmt.Fprintf(w, "%s\n", line)
			return err
		},
	}
}

// newFragile returns a service that panics where that is asked for, and then
// ends the process as hard as can be.
func newFragile() dispatcher.Service {
	runs := 0
	return dispatcher.Service{Name: "fragile", Backoff: time.Millisecond, Run: func(context.Context) error {
		if os.Getenv(asProgram) != "panic" {
			return dispatcher.ErrDone
		}
		if runs++; runs == 1 {
			panic("the task's last words")
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}}
}

// tallies count what happens, and the most there was of each. The tests wait
// for a count over HTTP.
type tallies struct {
	mu      sync.Mutex
	of      map[string]int
	changed chan struct{} // nil: nobody waits
}

func newTallies() *tallies { return &tallies{of: make(map[string]int)} }

func (t *tallies) add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[what] += n
	most := "most " + what
	t.of[most] = max(t.of[most], t.of[what])
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// during counts the requests that are in h.
func (t *tallies) during(what string, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		t.add(what, 1)
		defer t.add(what, -1)
		return h(c)
	}
}

// await answers once the count of ?what= has been at least ?low= and at most
// ?high=.
func (t *tallies) await(c echo.Context) error {
	var want struct {
		What string `query:"what"`
		Low  int    `query:"low"`
		High int    `query:"high"`
	}
	if err := c.Bind(&want); err != nil {
		return err
	}
	httpserver.Stream(c) // the limits of the server are those that a test sets
	late := time.After(30 * time.Second)
	for {
		t.mu.Lock()
		n := t.of[want.What]
		if t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		if want.Low <= n && n <= want.High {
			return c.String(http.StatusOK, strconv.Itoa(n))
		}
		select {
		case <-changed:
		case <-late:
			return echo.NewHTTPError(http.StatusConflict, fmt.Sprintf("there are %d", n))
		}
	}
}
