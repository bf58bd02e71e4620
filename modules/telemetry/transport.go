package telemetry

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// transport makes a span of each request that an application sends, and hands
// the trace and the id of the request that it answers on.
type transport struct {
	base       *http.Transport
	tracer     trace.Tracer // nil: off
	propagator propagation.TextMapPropagator
}

// NewTransport returns what an http.Client of the application sends with: the
// trace, the baggage and the request id of the request's context go with it. A
// client that has none of these asks as any other.
func NewTransport(p trace.TracerProvider, propagator propagation.TextMapPropagator) http.RoundTripper {
	base := &http.Transport{}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		base = standard.Clone()
	}
	return &transport{base, Tracer(p, "example.com/ostov/modules/telemetry"), propagator}
}

// RoundTrip implements http.RoundTripper. The span ends with the head of the
// answer.
func (t *transport) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	ctx := r.Context()
	if t.tracer != nil {
		var span trace.Span
		ctx, span = t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			semconv.HTTPRequestMethodKey.String(r.Method), semconv.ServerAddress(r.URL.Hostname()), semconv.URLPath(r.URL.Path)))
		defer func() {
			failed := err
			if err == nil {
				span.SetAttributes(semconv.HTTPResponseStatusCode(answer.StatusCode))
				if answer.StatusCode >= http.StatusBadRequest {
					failed = fmt.Errorf("status %s", answer.Status)
				}
			}
			End(span, failed)
		}()
	}
	r = r.Clone(ctx) // who sends it may use it again
	t.propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	if id, ok := ctx.Value(RequestIDKey{}).(string); ok && r.Header.Get("X-Request-Id") == "" {
		r.Header.Set("X-Request-Id", id)
	}
	return t.base.RoundTrip(r)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }
