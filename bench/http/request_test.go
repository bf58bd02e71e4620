package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"

	"example.com/ostov/bench/http/servers"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/telemetry"
)

// answer is an http.ResponseWriter that costs nothing.
type answer struct{ header http.Header }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return len(p), nil }
func (a *answer) WriteHeader(int)             {}

func greet(c echo.Context) error { return c.JSON(http.StatusOK, servers.Greet(c.Param("name"))) }

// handlers are bare Echo and the whole stack of Ostov, with JSON access records,
// metrics, and spans that are not sampled.
func handlers(t testing.TB) map[string]http.Handler {
	bareEcho := echo.New()
	bareEcho.GET("/hello/:name", greet)

	out := telemetry.NewWriter(io.Discard)
	out.Start()
	t.Cleanup(func() { out.Stop(t.Context()) })
	full, err := httpserver.New(httpserver.Params{
		Config:     httpserver.DefaultConfig(),
		Log:        telemetry.NewLogger(out, zap.NewAtomicLevel(), "json", "app"),
		Stopping:   make(chan struct{}),
		Routes:     []httpserver.Route{{Method: http.MethodGet, Path: "/hello/:name", Handler: greet}},
		Tracers:    sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())),
		Propagator: telemetry.Propagator(),
		Metrics:    prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]http.Handler{bare: bareEcho, ours: full.Server}
}

// request is one that is answered again and again.
func request(t testing.TB) (ask func(http.Handler)) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/hello/world", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = "/hello/world", "127.0.0.1:54321"
	w := &answer{header: http.Header{}}
	return func(h http.Handler) {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func TestTheStackAllocatesLittleMoreThanBareEcho(t *testing.T) {
	all, ask := handlers(t), request(t)
	allocations := make(map[string]float64)
	for name, h := range all {
		allocations[name] = testing.AllocsPerRun(10_000, func() { ask(h) })
	}
	if more := allocations[ours] - allocations[bare]; more > 8 {
		t.Errorf("allocations of a request: %v; want at most 8 more than bare Echo", allocations)
	}
	t.Logf("allocations of a request: %v", allocations)
}

func BenchmarkRequest(b *testing.B) {
	ask := request(b)
	for name, h := range handlers(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(h)
			}
		})
	}
}
