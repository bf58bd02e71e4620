package httpserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.uber.org/zap/zapcore"

	httpserver "example.com/ostov/modules/http"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()

	const api, page = "default-src 'none'; frame-ancestors 'none'",
		"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	k := build(t, get("/", hello), set(func(c *httpserver.Config) { c.TrustedProxies = trust("192.0.2.0/24") }),
		routes(httpserver.Route{Method: http.MethodGet, Path: "/about", Handler: hello, Page: true}))
	for path, policy := range map[string]string{"/": api, "/none": api, "/livez": api, "/about": page} {
		h := k.ask("GET", path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options":    "nosniff",
			"X-Frame-Options":           "DENY",
			"Referrer-Policy":           "no-referrer",
			"Content-Security-Policy":   policy,
			"Strict-Transport-Security": "",
			"Server":                    "",
			"X-Xss-Protection":          "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("GET %s: %s = %q; want %q", path, name, got, want)
			}
		}
	}
	if got := k.ask("GET", "/", header("X-Forwarded-Proto", "https")).Header().Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security over HTTPS = %q; want max-age=31536000", got)
	}
}

func TestHandlersMaySetTheirOwnHeaders(t *testing.T) {
	t.Parallel()

	k := build(t, get("/own", func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", "default-src 'self'")
		c.Response().Header().Add("X-Frame-Options", "more")
		return hello(c)
	}), get("/", hello))
	if got := k.ask("GET", "/own").Header().Get("Content-Security-Policy"); got != "default-src 'self'" {
		t.Errorf("policy = %q; want the handler's", got)
	}
	if got := says(k.ask("GET", "/").Result(), "X-Frame-Options"); got != "DENY" {
		t.Errorf("next answer has X-Frame-Options %q; want DENY", got)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		body   io.Reader
		status int
		read   int64
	}{
		{name: "at the limit", body: strings.NewReader(strings.Repeat("x", 1<<20)), status: 200, read: 1 << 20},
		{name: "announced above it", body: strings.NewReader(strings.Repeat("x", 1<<20+1)), status: 413},
		{name: "found above it", body: io.LimitReader(zeros{}, 1<<20+1), status: 413, read: 1 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			var read int64
			k := start(t, post("/", func(c echo.Context) (err error) {
				read, err = io.Copy(io.Discard, c.Request().Body)
				if err != nil {
					return fmt.Errorf("read the body: %w", err)
				}
				return hello(c)
			}))
			answer, err := k.client.Post(k.url, "", tt.body)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.Close != (tt.status == http.StatusRequestEntityTooLarge) {
				t.Errorf("the answer says Connection: close: %v; want it where the body was not read to its end", answer.Close)
			}
			if answer.StatusCode != tt.status || read != tt.read {
				t.Errorf("status %d after the handler read %d bytes; want %d after %d", answer.StatusCode, read, tt.status, tt.read)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBodyThatEndsEarlyIsTheClientsFault(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, post("/", func(c echo.Context) error {
			_, err := io.ReadAll(c.Request().Body)
			return err
		}))
		client := k.dial()
		client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf")
		_ = client.Close()
		k.stop()
		record := k.logs.FilterMessage("request").All()[0]
		if record.Level != zapcore.InfoLevel || record.ContextMap()["status"] != int64(400) {
			t.Errorf("record is %v with status %v; want info with 400", record.Level, record.ContextMap()["status"])
		}
	})
}

func TestBindTellsThatTheBodyIsTooLarge(t *testing.T) {
	t.Parallel()

	k := build(t, set(func(c *httpserver.Config) { c.MaxBodyBytes = 10 }), post("/", func(c echo.Context) error {
		return c.Bind(&struct{ Name string }{})
	}))
	w := k.ask("POST", "/", body(`{"name": "too long"}`), header("Content-Type", "application/json"), func(r *http.Request) { r.ContentLength = -1 })
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("POST / = %d %s; want 413", w.Code, w.Body)
	}
}

func trust(prefix string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(prefix)} }

func TestClientAddressAndSchemeComeFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, from, forwarded string
		trusted               []netip.Prefix
		want                  string
	}{
		{name: "nobody is trusted", from: "10.0.0.7:1", forwarded: "1.2.3.4", want: "10.0.0.7 http"},
		{name: "loopback is not trusted by itself", from: "127.0.0.1:1", forwarded: "1.2.3.4", trusted: trust("10.0.0.7/32"), want: "127.0.0.1 http"},
		{name: "a trusted address", from: "10.0.0.7:1", forwarded: "1.2.3.4", trusted: trust("10.0.0.7/32"), want: "1.2.3.4 https"},
		{name: "a trusted range", from: "10.0.0.7:1", forwarded: "6.6.6.6, 1.2.3.4, 10.9.9.9", trusted: trust("10.0.0.0/8"), want: "1.2.3.4 https"},
		{name: "a trusted IPv6 range", from: "[fd00::1]:1", forwarded: "2001:db8::1", trusted: trust("fd00::/8"), want: "2001:db8::1 https"},
		{name: "another address", from: "11.0.0.7:1", forwarded: "1.2.3.4", trusted: trust("10.0.0.0/8"), want: "11.0.0.7 http"},
		{name: "a Unix socket", from: "@", want: " http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := build(t, set(func(c *httpserver.Config) { c.TrustedProxies = tt.trusted }), get("/", func(c echo.Context) error {
				return c.String(http.StatusOK, c.RealIP()+" "+c.Scheme())
			}))
			w := k.ask("GET", "/", header("X-Forwarded-For", tt.forwarded), header("X-Real-Ip", "6.6.6.6"), header("X-Forwarded-Proto", "https"),
				func(r *http.Request) { r.RemoteAddr = tt.from })
			if got := w.Body.String(); got != tt.want {
				t.Errorf("client is %q; want %q", got, tt.want)
			}
		})
	}
}

func TestOptionalMiddlewares(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 2000)
	for _, on := range []bool{false, true} {
		k := build(t, get("/", func(c echo.Context) error { return c.String(http.StatusOK, long) }), set(func(c *httpserver.Config) {
			if on {
				c.Gzip, c.RateLimit, c.CORSOrigins = true, 2, []string{"https://app.example.com"}
			}
		}))
		h := k.ask("GET", "/", header("Accept-Encoding", "gzip"), header("Origin", "https://app.example.com")).Header()
		if got := h.Get("Content-Encoding") == "gzip"; got != on {
			t.Errorf("with gzip: %v the answer is compressed: %v", on, got)
		}
		if got := h.Get("Access-Control-Allow-Origin") != ""; got != on {
			t.Errorf("with cors_origins: %v the answer may be read by the origin: %v", on, got)
		}
		k.ask("GET", "/")
		if got := k.ask("GET", "/").Code == http.StatusTooManyRequests; got != on {
			t.Errorf("with rate_limit: %v the third request in a moment is refused: %v", on, got)
		}
		if got := k.ask("GET", "/livez").Code; got != http.StatusOK {
			t.Errorf("with rate_limit: %v GET /livez = %d; want 200, for probes are not limited", on, got)
		}
	}
}

func TestPlainEchoWorksAfterNew(t *testing.T) {
	t.Parallel()

	k := build(t, get("/given", hello))
	k.echo.GET("/plain", hello)
	k.echo.Pre(middleware.RemoveTrailingSlash(), func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.QueryParam("pre") == "panic" {
				panic("in Pre")
			}
			return next(c)
		}
	})
	k.echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set("X-Route", c.Path())
			if c.Request().Header.Get("Authorization") == "" {
				return echo.NewHTTPError(http.StatusUnauthorized, "who are you?")
			}
			return next(c)
		}
	})
	group := k.echo.Group("/group", func(next echo.HandlerFunc) echo.HandlerFunc { return next })
	group.GET("/in", hello)
	k.echo.Group("/group", func(next echo.HandlerFunc) echo.HandlerFunc { return next })

	for path, want := range map[string]string{"/given": "/given", "/plain": "/plain", "/plain/": "/plain", "/group/in": "/group/in"} {
		w := k.ask("GET", path, header("Authorization", "me"))
		if w.Code != http.StatusOK || w.Header().Get("X-Route") != want || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("GET %s = %d for route %q; want 200 for %s, with a request id", path, w.Code, w.Header().Get("X-Route"), want)
		}
	}
	if w := k.ask("GET", "/given"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"detail":"who are you?"`) {
		t.Errorf("GET /given without authorization = %d %s; want the problem of the middleware", w.Code, w.Body)
	}
	if w := k.ask("GET", "/given?pre=panic"); w.Code != http.StatusInternalServerError {
		t.Errorf("a panic in Pre answers %d; want 500", w.Code)
	}
}

// A handler's own test may call Echo without a server.
func TestEchoAnswersWithoutTheServer(t *testing.T) {
	t.Parallel()

	k := build(t, post("/", func(c echo.Context) error {
		draining := httpserver.Stream(c)
		ctx, cancel := httpserver.Detach(c)
		defer cancel()
		if draining != nil || ctx.Err() != nil {
			t.Errorf("without a server the stream hears %v and the detached context has error %v; want neither", draining, ctx.Err())
		}
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return fmt.Errorf("store: %w", echo.NewHTTPError(http.StatusConflict, "taken"))
	}))
	w := httptest.NewRecorder()
	k.echo.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("text")))
	if w.Code != http.StatusConflict || w.Header().Get("X-Request-Id") == "" || !strings.Contains(w.Body.String(), `"detail":"taken"`) {
		t.Errorf("POST / = %d %v %s; want the stack's problem 409", w.Code, w.Header(), w.Body)
	}
}

// The stack keeps its links for the next request, also after a panic.
func TestManyRequestsAtOnceKeepApart(t *testing.T) {
	t.Parallel()

	k := start(t, get("/:id", func(c echo.Context) error {
		if strings.HasPrefix(c.Param("id"), "bad") {
			panic("bad")
		}
		return c.String(http.StatusOK, c.Param("id"))
	}))
	var clients sync.WaitGroup
	for i := range 20 {
		clients.Go(func() {
			for j := range 20 {
				id := fmt.Sprintf("%d-%d", i, j)
				if _, text, err := k.fetch("/" + id); err != nil || text != id {
					t.Errorf("GET /%s = %q, %v", id, text, err)
				}
				if r, _, err := k.fetch("/bad" + id); err != nil || r.StatusCode != http.StatusInternalServerError {
					t.Errorf("GET /bad%s: %v; want 500", id, err)
				}
			}
		})
	}
	clients.Wait()
}

func TestConnectionsOverTheLimitAreAnsweredAtOnce(t *testing.T) {
	t.Parallel()

	k := start(t, get("/", hello), set(func(c *httpserver.Config) { c.MaxConnections = 2 }))
	ask := func(c *peer) string {
		t.Helper()
		c.get("/")
		r, text := c.answer()
		return fmt.Sprintf("%d %v %s", r.StatusCode, r.Close, text)
	}
	first, second := k.dial(), k.dial()
	ask(first)
	ask(second)
	_, problem, _ := strings.Cut(httpserver.TurnedAway, "\r\n\r\n")
	for range 3 {
		third := k.dial()
		if got := ask(third); got != "503 true "+problem {
			t.Errorf("connection over the limit got %q; want 503 and the problem, whole", got)
		}
		third.ends("")
	}
	k.dial().ends(httpserver.TurnedAway) // though it is silent
	if got := ask(first); got != "200 false hello" {
		t.Errorf("connection within the limit got %q; want 200", got)
	}
}

func TestConnectionOverTheLimitMaySendItsRequest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, set(func(c *httpserver.Config) { c.MaxConnections = 1 }))
		k.dial()
		client := k.dial()
		if r, _ := client.answer(); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("connection over the limit was answered %d; want 503", r.StatusCode)
		}
		client.get("/") // it would be reset, and with it the answer
		began := time.Now()
		client.ends("")
		within(t, "closing", time.Since(began), 0, 51*time.Millisecond)
	})
}
