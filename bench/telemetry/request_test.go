//go:build unix

package telemetry_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"example.com/ostov/bench/cpu"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/telemetry"
)

// server answers with nothing; observed, with a span that is not sampled and
// the metrics of a request.
func server(tb testing.TB, observed bool) *httpserver.Server {
	tb.Helper()
	p := httpserver.Params{
		Config: httpserver.DefaultConfig(), Log: zap.NewNop(),
		Routes: []httpserver.Route{{Method: http.MethodGet, Path: "/hello/:name", Handler: func(echo.Context) error { return nil }}},
	}
	if observed {
		traces, err := telemetry.NewTraces([]string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=always_off"}, "shop", zap.NewNop())
		if err != nil {
			tb.Fatal(err)
		}
		p.Tracers, p.Propagator, p.Metrics = traces.Provider(), telemetry.Propagator(), prometheus.NewRegistry()
	}
	r, err := httpserver.New(p)
	if err != nil {
		tb.Fatal(err)
	}
	return r.Server
}

type answer struct{ header http.Header }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return len(p), nil }
func (a *answer) WriteHeader(int)             {}

func request(tb testing.TB) (*http.Request, *answer) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "/hello/world", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = "/hello/world", "127.0.0.1:54321"
	return r, &answer{header: make(http.Header)}
}

func BenchmarkRequest(b *testing.B) {
	for name, observed := range map[string]bool{"plain": false, "observed": true} {
		b.Run(name, func(b *testing.B) {
			s := server(b, observed)
			r, w := request(b)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				s.ServeHTTP(w, r)
			}
		})
	}
}

// TestObservedRequest holds what a span that is not sampled and the metrics add
// to a request to 1.5 microseconds of processor time: the best of interleaved
// rounds.
func TestObservedRequest(t *testing.T) {
	const (
		rounds = 50
		n      = 20_000
		most   = 1500 * time.Nanosecond
	)
	servers := []*httpserver.Server{server(t, false), server(t, true)}
	r, w := request(t)
	least := cpu.Least(t, rounds, len(servers), func(i int) func() {
		return func() {
			for range n {
				clear(w.header)
				servers[i].ServeHTTP(w, r)
			}
		}
	})
	added := (least[1] - least[0]) / n
	t.Logf("a request takes %v, %v with an unsampled span and metrics: %v more", least[0]/n, least[1]/n, added)
	if added > most {
		t.Errorf("a span and metrics add %v to a request; want at most %v", added, most)
	}
}
