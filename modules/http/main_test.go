package httpserver_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/lifecycle"
	httpserver "example.com/ostov/modules/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kit is a server under test and what is seen of it.
type kit struct {
	*httpserver.Server
	t    testing.TB
	echo *echo.Echo
	logs *observer.ObservedLogs

	client   *http.Client
	url      string
	stopping chan struct{}
	cleanup  lifecycle.Cleanup
	ended    chan error // what Serve reported
}

// setting changes what a kit is made with.
type setting func(*httpserver.Params)

func routes(rs ...httpserver.Route) setting {
	return func(p *httpserver.Params) { p.Routes = append(p.Routes, rs...) }
}

func get(path string, h echo.HandlerFunc) setting {
	return routes(httpserver.Route{Method: http.MethodGet, Path: path, Handler: h})
}

func post(path string, h echo.HandlerFunc) setting {
	return routes(httpserver.Route{Method: http.MethodPost, Path: path, Handler: h})
}

func set(change func(*httpserver.Config)) setting {
	return func(p *httpserver.Params) { change(&p.Config) }
}

// hello answers at once.
func hello(c echo.Context) error { return c.String(http.StatusOK, "hello") }

// build makes a server that does not listen.
func build(t testing.TB, settings ...setting) *kit {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	k := &kit{t: t, logs: logs, stopping: make(chan struct{}), ended: make(chan error, 1)}
	p := httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.New(core), Stopping: k.stopping}
	p.Config.Address = "127.0.0.1:0"
	for _, apply := range settings {
		apply(&p)
	}
	if err := p.Config.Validate(); err != nil {
		t.Fatal("invalid configuration:", err)
	}
	r, err := httpserver.New(p)
	if err != nil {
		t.Fatal(err)
	}
	k.Server, k.echo = r.Server, r.Echo
	return k
}

// start makes a server that listens on a free port until the test ends.
func start(t testing.TB, settings ...setting) *kit {
	t.Helper()
	k := build(t, settings...)
	k.serve()
	k.url = k.URLs()[0]
	transport := &http.Transport{}
	k.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return k
}

func (k *kit) serve() {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	var err error
	k.cleanup, err = k.Serve(func(cause error) { k.ended <- cause })(ctx)
	cancel() // the start is over
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		if err := k.stop(); err != nil {
			k.t.Error("stop:", err)
		}
	})
}

// stop stops as the engine does, without a drain delay, and once.
func (k *kit) stop() error {
	cleanup := k.cleanup
	if cleanup == nil {
		return nil
	}
	k.cleanup = nil
	k.announce()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.t.Context()), 25*time.Second)
	defer cancel()
	err := cleanup(ctx)
	if n := k.Open(); n > 0 {
		k.t.Errorf("after the stop %d connections are open; want none", n)
	}
	return err
}

// announce closes the Stopping channel.
func (k *kit) announce() {
	select {
	case <-k.stopping:
	default:
		close(k.stopping)
	}
}

// ask answers one request in memory.
func (k *kit) ask(method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(text))
		r.ContentLength = int64(len(text))
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// address of the server, for net.Dial.
func (k *kit) address() string { return strings.TrimPrefix(k.url, "http://") }

func (k *kit) dial() net.Conn {
	k.t.Helper()
	c, err := new(net.Dialer).DialContext(k.t.Context(), "tcp", k.address())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = c.Close() })
	return c
}
