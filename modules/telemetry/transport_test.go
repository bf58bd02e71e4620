package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"example.com/ostov/modules/telemetry"
)

func TestAClientHandsOnTheTraceAndTheRequestID(t *testing.T) {
	t.Parallel()

	asked := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header
		if r.URL.Path == "/none" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	transport := telemetry.NewTransport(provider, telemetry.Propagator())
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	ask := func(ctx context.Context, url string) *http.Request {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
		}
		return r
	}

	ctx, parent := provider.Tracer("test").Start(context.WithValue(t.Context(), telemetry.RequestIDKey{}, "order-7"), "request")
	sent := ask(ctx, server.URL+"/none")
	got, span := <-asked, recorder.Ended()[0]
	if want := "00-" + parent.SpanContext().TraceID().String() + "-" + span.SpanContext().SpanID().String() + "-01"; got.Get("Traceparent") != want {
		t.Errorf("traceparent is %q; want %q, the span of the client", got.Get("Traceparent"), want)
	}
	if got.Get("X-Request-Id") != "order-7" {
		t.Errorf("X-Request-Id is %q; want that of the request", got.Get("X-Request-Id"))
	}
	if len(sent.Header) > 0 {
		t.Errorf("the request was given the headers %v; want it left alone", sent.Header)
	}
	if span.Name() != "GET" || span.SpanKind() != trace.SpanKindClient || span.Parent().SpanID() != parent.SpanContext().SpanID() || span.Status().Description != "status 404 Not Found" {
		t.Errorf("span is %v %q below %v, %v; want client GET below the request, failed with 404", span.SpanKind(), span.Name(), span.Parent().SpanID(), span.Status())
	}

	ask(t.Context(), "http://127.0.0.1:1/")
	if failed := recorder.Ended()[1]; failed.Status().Code != codes.Error {
		t.Errorf("status without an answer is %v; want an error", failed.Status())
	}

	client.Transport = telemetry.NewTransport(noop.NewTracerProvider(), telemetry.Propagator())
	defer client.CloseIdleConnections()
	ask(ctx, server.URL)
	if got := <-asked; got.Get("Traceparent") == "" {
		t.Error("without traces of its own a client drops the trace; want it handed on")
	}
	ask(t.Context(), server.URL)
	if got := <-asked; got.Get("Traceparent") != "" || got.Get("X-Request-Id") != "" {
		t.Errorf("a client with nothing to hand on sent %v", got)
	}
}
