package httpserver

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/modules/telemetry"
)

// instruments measure requests.
type instruments struct {
	tracer     trace.Tracer                  // nil: no spans
	propagator propagation.TextMapPropagator // nil: no trace is followed
	spanKind   []trace.SpanStartOption
	durations  *telemetry.Durations // nil: no metrics
}

// instrument registers the metrics. What is open is counted when they are asked
// for.
func (s *Server) instrument(p Params) (err error) {
	s.tracer = telemetry.Tracer(p.Tracers, "example.com/ostov/modules/http")
	s.propagator = p.Propagator
	s.spanKind = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	if p.Metrics == nil {
		return nil
	}
	s.durations, err = telemetry.NewDurations(p.Metrics, "http_server_request_duration_seconds",
		"How long requests took, by route template and status of the answer.", "method", "route", "status")
	return errors.Join(err,
		p.Metrics.Register(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: "http_server_requests_in_flight", Help: "Requests that are being answered."},
			func() float64 { return float64(len(s.requests.All())) })),
		p.Metrics.Register(telemetry.NewGauges("http_server_connections", "Open connections, by what they do.", []string{"state"},
			func(set func(float64, ...string)) {
				for _, state := range []http.ConnState{http.StateNew, http.StateActive, http.StateIdle, http.StateHijacked} {
					set(0, state.String())
				}
				for _, c := range append(s.http1.All(), s.http2.All()...) {
					set(1, http.ConnState(c.state.Load()).String())
				}
			})),
	)
}

// begin begins the span of a request, where there are any: a part of the trace
// that the client names, or a trace of its own. A trace is handed on even where
// nothing is traced here.
func (s *Server) begin(x *exchange) {
	r := x.request
	if s.propagator != nil && (r.Header["Traceparent"] != nil || r.Header["Baggage"] != nil) {
		x.Context = s.propagator.Extract(x.Context, propagation.HeaderCarrier(r.Header))
	}
	if s.tracer != nil {
		x.Context, x.span = s.tracer.Start(x.Context, knownMethod(r.Method), s.spanKind...)
	}
}

// end measures a request that is over.
func (s *Server) end(x *exchange, c echo.Context, took time.Duration, err error) {
	method, route, status := knownMethod(x.request.Method), cmp.Or(c.Path(), "unmatched"), c.Response().Status
	s.durations.Observe(x.Context, took, method, route, strconv.Itoa(status))
	if x.span == nil {
		return
	}
	if x.span.IsRecording() {
		x.span.SetName(method + " " + route)
		x.span.SetAttributes(
			semconv.HTTPRequestMethodKey.String(method),
			semconv.HTTPRoute(route),
			semconv.HTTPResponseStatusCode(status),
			semconv.URLPath(x.request.URL.Path),
			semconv.ClientAddress(c.RealIP()),
		)
	}
	switch {
	case status < http.StatusInternalServerError && panicOf(err) == nil:
		err = nil // it is the client's
	case err == nil:
		err = fmt.Errorf("status %d", status)
	}
	telemetry.End(x.span, err)
}

// knownMethod bounds what a client can make of metrics and names.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "OTHER"
}
