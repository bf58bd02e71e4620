package httpserver_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// Contract B59, B105.
func TestErrorsAreProblems(t *testing.T) {
	t.Parallel()

	fail := func(err error) setting { return get("/", func(echo.Context) error { return err }) }
	tests := []struct {
		name         string
		route        setting
		method, path string // none: GET, /
		status       int
		detail       string
	}{
		{name: "for the client", route: fail(echo.NewHTTPError(422, "limit is 2000; want at most 1000")), status: 422, detail: "limit is 2000; want at most 1000"},
		{name: "for the client, wrapped", route: fail(fmt.Errorf("find: %w", echo.NewHTTPError(409, "taken"))), status: 409, detail: "taken"},
		{name: "for the client, with an inner one", route: fail(echo.NewHTTPError(400).SetInternal(echo.NewHTTPError(403, "no"))), status: 403, detail: "no"},
		{name: "for the client, with a cause", route: fail(echo.NewHTTPError(400, "bad").SetInternal(errors.New("s3cret"))), status: 400, detail: "bad"},
		{name: "for the client, as an error", route: fail(echo.NewHTTPError(400, errors.New("bad"))), status: 400, detail: "bad"},
		{name: "for the client, as a list", route: fail(echo.NewHTTPError(422, []string{"a", "b"})), status: 422, detail: "[a b]"},
		{name: "without a text", route: fail(echo.ErrForbidden), status: 403},
		{name: "internal", route: fail(errors.New("password=s3cret")), status: 500},
		{name: "internal, by Echo's type", route: fail(echo.NewHTTPError(502, "10.0.0.7 refused")), status: 502},
		{name: "no status of an error", route: fail(echo.NewHTTPError(200, "fine")), status: 500},
		{name: "somebody else's time-out", route: fail(context.DeadlineExceeded), status: 500},
		{name: "somebody else's cancellation", route: fail(context.Canceled), status: 500},
		{name: "panic", route: get("/", func(echo.Context) error { panic(echo.NewHTTPError(400, "s3cret")) }), status: 500},
		{name: "unknown path", route: get("/", hello), path: "/none", status: 404},
		{name: "unknown method", route: get("/", hello), method: "POST", status: 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			w := build(t, tt.route).ask(cmp.Or(tt.method, "GET"), cmp.Or(tt.path, "/"))
			if p := readProblem(t, w); p.Status != tt.status || p.Detail != tt.detail || len(p.Errors) > 0 {
				t.Errorf("answer is %d %s; want %d %q", w.Code, w.Body, tt.status, tt.detail)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q; want no-store", got)
			}
		})
	}
}

func TestAnswersToHEADHaveNoBody(t *testing.T) {
	t.Parallel()

	fail := func(echo.Context) error { return errors.New("x") }
	k := start(t, get("/", hello), routes(httpserver.Route{Method: http.MethodHead, Path: "/failed", Handler: fail}))
	for path, want := range map[string]string{
		"/": "405 application/problem+json", "/failed": "500 application/problem+json", "/none": "404 application/problem+json",
	} {
		r, err := k.client.Head(k.url + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if got := fmt.Sprint(r.StatusCode, " ", r.Header.Get("Content-Type")); got != want || len(text) > 0 || err != nil {
			t.Errorf("HEAD %s = %s %q, %v; want %s and no body", path, got, text, err, want)
		}
	}
}

func TestHeadersOfAnAnswerThatWasBegunAreDropped(t *testing.T) {
	t.Parallel()

	k := build(t, get("/", func(c echo.Context) error {
		c.Response().Header().Set("Content-Length", "7")
		c.Response().Header().Set("Content-Encoding", "br")
		return errors.New("x")
	}))
	if h := k.ask("GET", "/").Header(); h.Get("Content-Length") != "" || h.Get("Content-Encoding") != "" {
		t.Errorf("headers of the problem are %v; want none that describe another body", h)
	}
}

func TestHandlerThatTookTooLong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/", func(c echo.Context) error {
			ctx := c.Request().Context()
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != 25*time.Second {
				t.Errorf("deadline is %v, %v; want it in 25s", at, ok)
			}
			derived, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-derived.Done()
			if errs := []error{derived.Err(), ctx.Err(), context.Cause(ctx)}; !errors.Is(errs[0], context.DeadlineExceeded) || errs[1] != errs[0] || errs[2] != errs[0] {
				t.Errorf("errors of the context are %v; want that its deadline passed", errs)
			}
			return fmt.Errorf("query: %w", ctx.Err())
		}))
		client := k.dial()
		began := time.Now()
		client.get("/")
		if r, text := client.answer(); r.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "query") {
			t.Errorf("answer is %d %s; want 503 and no internal text", r.StatusCode, text)
		}
		within(t, "answer", time.Since(began), 25*time.Second, 25*time.Second+time.Millisecond)
	})
}

func TestContextWithoutAWaiterKnowsItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		build(t, get("/", func(c echo.Context) error {
			ctx := c.Request().Context()
			if err := ctx.Err(); err != nil {
				t.Errorf("error of the context is %v; want none before its deadline", err)
			}
			pass(25 * time.Second)
			if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error of the context is %v; want that its deadline passed", err)
			}
			select {
			case <-ctx.Done():
			default:
				t.Error("the context is not done after its deadline")
			}
			return nil
		})).ask("GET", "/")
		synctest.Wait()
	})
}

// It counts goroutines, so no other test may run beside it.
func TestDerivedContextsCostNoGoroutine(t *testing.T) {
	k := build(t, get("/", func(c echo.Context) error {
		before := runtime.NumGoroutine()
		for range 10 {
			_, cancel := context.WithCancel(c.Request().Context())
			defer cancel()
		}
		if more := runtime.NumGoroutine() - before; more > 0 {
			t.Errorf("10 derived contexts cost %d goroutines; want none", more)
		}
		return hello(c)
	}))
	k.ask("GET", "/")
}

func TestContextOfARequestEndsWithIt(t *testing.T) {
	t.Parallel()

	var kept context.Context
	k := start(t, get("/", func(c echo.Context) error {
		kept = c.Request().Context()
		if kept.Value(http.ServerContextKey) == nil {
			t.Error("the context lacks the values of net/http")
		}
		return hello(c)
	}))
	if _, _, err := k.fetch("/"); err != nil {
		t.Fatal(err)
	}
	<-kept.Done()
}

func TestNoHandlerTimeout(t *testing.T) {
	t.Parallel()

	k := build(t, set(func(c *httpserver.Config) { c.HandlerTimeout = 0 }), get("/", func(c echo.Context) error {
		if at, ok := c.Request().Context().Deadline(); ok {
			t.Errorf("deadline is %v; want none", at)
		}
		return hello(c)
	}))
	if w := k.ask("GET", "/"); w.Code != http.StatusOK {
		t.Errorf("GET / = %d; want 200", w.Code)
	}
}
