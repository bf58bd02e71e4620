package httpserver_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/internal/testkit"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/telemetry"
)

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + traceID + "-b7ad6b7169203331-01"
)

// traced makes spans, which the recorder has when they have ended.
func traced(p *httpserver.Params) *tracetest.SpanRecorder {
	recorder := tracetest.NewSpanRecorder()
	p.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	p.Propagator = telemetry.Propagator()
	return recorder
}

func TestARequestIsASpan(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		method, target, name string
		headers              []func(*http.Request)
		status               int64
		failed               string
		follows              bool
	}{
		{method: "GET", target: "/words/rook", name: "GET /words/:word", status: 200},
		{method: "GET", target: "/words/rook", name: "GET /words/:word", status: 200, headers: []func(*http.Request){header("Traceparent", traceparent)}, follows: true},
		{method: "GET", target: "/words/rook", name: "GET /words/:word", status: 200, headers: []func(*http.Request){header("Traceparent", "nonsense")}},
		{method: "BREW", target: "/coffee", name: "OTHER unmatched", status: 404},
		{method: "GET", target: "/failed", name: "GET /failed", status: 500, failed: "the disk is full"},
		{method: "GET", target: "/panicked", name: "GET /panicked", status: 500, failed: "panic: out of ideas"},
		{method: "GET", target: "/teapot", name: "GET /teapot", status: 418},
		{method: "GET", target: "/busy", name: "GET /busy", status: 503, failed: "status 503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			var recorder *tracetest.SpanRecorder
			k := build(t, get("/words/:word", hello),
				get("/failed", func(echo.Context) error { return errors.New("the disk is full") }),
				get("/panicked", func(echo.Context) error { panic("out of ideas") }),
				get("/teapot", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot) }),
				get("/busy", func(c echo.Context) error { return c.NoContent(http.StatusServiceUnavailable) }),
				func(p *httpserver.Params) { recorder = traced(p) })
			k.ask(tt.method, tt.target, tt.headers...)

			spans := recorder.Ended()
			if len(spans) != 1 {
				t.Fatalf("%d spans ended; want 1", len(spans))
			}
			span := spans[0]
			if span.Name() != tt.name || span.SpanKind() != trace.SpanKindServer {
				t.Errorf("span is %v %q; want server %q", span.SpanKind(), span.Name(), tt.name)
			}
			if got := attribute.NewSet(span.Attributes()...); !got.HasValue("url.path") || value(got, "http.response.status_code") != fmt.Sprint(tt.status) {
				t.Errorf("attributes are %v; want the path and status %d", span.Attributes(), tt.status)
			}
			if failed := span.Status().Code == codes.Error; failed != (tt.failed != "") || span.Status().Description != tt.failed {
				t.Errorf("status is %v; want %q", span.Status(), tt.failed)
			}
			if follows := span.SpanContext().TraceID().String() == traceID; follows != tt.follows || span.Parent().IsValid() != tt.follows {
				t.Errorf("the span is of trace %s below %s; want that of the client: %t", span.SpanContext().TraceID(), span.Parent().SpanID(), tt.follows)
			}
			record := k.logs.FilterMessage("request").All()[0].ContextMap()
			if record["trace_id"] != span.SpanContext().TraceID().String() || record["span_id"] != span.SpanContext().SpanID().String() {
				t.Errorf("the access record has %v; want the ids of the span", record)
			}
		})
	}
}

func value(s attribute.Set, key attribute.Key) string {
	v, _ := s.Value(key)
	return v.String()
}

func TestHandlersLogWithTheIDsOfTheirRequest(t *testing.T) {
	t.Parallel()

	for name, tracers := range map[string]trace.TracerProvider{
		"traced": sdktrace.NewTracerProvider(), "not traced here": noop.NewTracerProvider(), "no tracers": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var log *zap.Logger
			k := build(t, get("/", func(c echo.Context) error {
				telemetry.Log(c.Request().Context(), log).Info("asked")
				return hello(c)
			}), func(p *httpserver.Params) {
				log = p.Log
				p.Tracers, p.Propagator = tracers, telemetry.Propagator()
			})
			k.ask("GET", "/", header("Traceparent", traceparent), header("X-Request-Id", "order-7"))
			for _, message := range []string{"asked", "request"} {
				fields := k.logs.FilterMessage(message).All()[0].ContextMap()
				if fields["trace_id"] != traceID || fields["span_id"] == nil || fields["request_id"] != "order-7" {
					t.Errorf("%q has %v; want the ids of the trace, the span and the request", message, fields)
				}
			}
		})
	}
}

func TestARequestIsNoPartOfTheStart(t *testing.T) {
	t.Parallel()

	var recorder *tracetest.SpanRecorder
	k := build(t, get("/", hello), func(p *httpserver.Params) { recorder = traced(p) })
	ctx, started := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "start")
	k.serve(ctx)
	started.End()
	if _, _, err := k.fetch("/"); err != nil {
		t.Error(err)
	}
	k.client.CloseIdleConnections()
	k.stop()
	if spans := recorder.Ended(); len(spans) != 1 || spans[0].Parent().IsValid() || spans[0].SpanContext().TraceID() == started.SpanContext().TraceID() {
		t.Errorf("spans are %v; want one, of a trace of its own", spans)
	}
}

func TestMetricsOfRequestsAreBounded(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	k := build(t, get("/words/:word", hello), func(p *httpserver.Params) { p.Metrics = registry })
	for i := range 200 {
		k.ask("GET", fmt.Sprintf("/words/%d", i))
		k.ask(fmt.Sprintf("M%d", i), fmt.Sprintf("/words/%d", i))
		k.ask(fmt.Sprintf("M%d", i), fmt.Sprintf("/none/%d", i))
		k.ask("GET", fmt.Sprintf("/none/%d", i))
	}
	got := make(map[string]float64)
	for series, n := range testkit.Series(t, registry) {
		if requests, ok := strings.CutPrefix(series, "http_server_request_duration_seconds "); ok {
			got[requests] = n
		}
	}
	want := map[string]float64{"GET /words/:word 200": 200, "OTHER /words/:word 405": 200, "OTHER unmatched 404": 200, "GET unmatched 404": 200}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the histogram has %v; want %v", got, want)
	}
}

func TestOpenRequestsAndConnectionsAreCounted(t *testing.T) {
	t.Parallel()

	entered, leave := make(chan struct{}), make(chan struct{})
	registry := prometheus.NewRegistry()
	k := start(t, get("/slow", func(c echo.Context) error {
		close(entered)
		<-leave
		return hello(c)
	}), func(p *httpserver.Params) { p.Metrics = registry })
	k.dial().get("/slow")
	<-entered
	got := testkit.Series(t, registry)
	close(leave)
	for series, want := range map[string]float64{
		"http_server_requests_in_flight": 1, "http_server_connections active": 1, "http_server_connections idle": 0,
		"http_server_connections new": 0, "http_server_connections hijacked": 0,
	} {
		if n, ok := got[series]; !ok || n != want {
			t.Errorf("%s is %v, %v; want %v", series, n, ok, want)
		}
	}
}

func TestAHandshakeThatFailsIsNoWarning(t *testing.T) {
	t.Parallel()

	logged := make(chan zapcore.Entry, 1)
	k := startTLS(t, false, get("/", hello), func(p *httpserver.Params) {
		p.Log = p.Log.WithOptions(zap.Hooks(func(e zapcore.Entry) error {
			if strings.Contains(e.Message, "handshake") {
				logged <- e
			}
			return nil
		}))
	})
	k.dial().get("/")
	if e := <-logged; e.Level != zapcore.DebugLevel || e.LoggerName != "http" {
		t.Errorf("logged %v; want a debug record of http", e)
	}
}
