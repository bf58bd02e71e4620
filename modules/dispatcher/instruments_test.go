package dispatcher_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/dispatcher"
	"example.com/ostov/modules/telemetry"
)

// traced makes spans, which the recorder has when they have ended.
func traced(p *dispatcher.Params) *tracetest.SpanRecorder {
	recorder := tracetest.NewSpanRecorder()
	p.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	return recorder
}

func TestAOneShotGoesOnWithTheTraceOfWhoHandedItOver(t *testing.T) {
	t.Parallel()

	var recorder *tracetest.SpanRecorder
	var tracers trace.TracerProvider
	b := started(t, func(p *dispatcher.Params) {
		recorder = traced(p)
		tracers = p.Tracers
	})
	ctx, request := tracers.Tracer("test").Start(context.WithValue(t.Context(), telemetry.RequestIDKey{}, "order-7"), "request")
	var inside trace.SpanContext
	err := b.Wait(ctx, "thumbnail", func(ctx context.Context) error {
		inside = trace.SpanContextFromContext(ctx)
		panic(errBoom)
	})
	if err == nil {
		t.Error("Wait = nil; want the panic")
	}
	request.End()
	if err := b.Wait(t.Context(), "sweep", nothing); err != nil {
		t.Error(err)
	}
	b.stop(t)

	spans := recorder.Ended()
	if len(spans) != 3 || spans[0].Name() != "thumbnail" || spans[0].Parent().SpanID() != request.SpanContext().SpanID() || !inside.Equal(spans[0].SpanContext()) {
		t.Fatalf("spans are %v; want first the one-shot, below the request, and its function in it", spans)
	}
	if spans[0].Status().Description != "panic: boom" {
		t.Errorf("the one-shot has status %v; want its panic", spans[0].Status())
	}
	if spans[2].Parent().IsValid() {
		t.Errorf("a one-shot that nobody traced is below %v; want a trace of its own", spans[2].Parent())
	}
	fields := b.logs.FilterMessage("task failed").All()[0].ContextMap()
	if fields["trace_id"] != inside.TraceID().String() || fields["span_id"] != inside.SpanID().String() || fields["request_id"] != "order-7" {
		t.Errorf("the failure is logged with %v; want the ids of the trace, the span and the request", fields)
	}
}

func TestARunOfAScheduleIsATraceAndAServiceIsNotThatOfItsWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var recorder *tracetest.SpanRecorder
		var sweep, words trace.SpanContext
		b := newBench(t, func(p *dispatcher.Params) { recorder = traced(p) },
			dispatcher.Schedule{Name: "sweep", Every: time.Hour, Run: func(ctx context.Context) error {
				sweep = trace.SpanContextFromContext(ctx)
				return errBoom
			}},
			dispatcher.Service{Name: "words", Run: func(ctx context.Context) error {
				words = trace.SpanContextFromContext(ctx)
				return untilTold(ctx)
			}})
		ctx, start := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "start")
		if err := b.Start(ctx); err != nil {
			t.Fatal(err)
		}
		start.End()
		synctest.Wait()
		b.stop(t)

		spans := make(map[string]sdktrace.ReadOnlySpan)
		for _, s := range recorder.Ended() {
			spans[s.Name()] = s
			if s.Parent().IsValid() {
				t.Errorf("%s is below %v; want a trace of its own", s.Name(), s.Parent())
			}
		}
		if len(spans) != 2 || !sweep.Equal(spans["sweep"].SpanContext()) || spans["sweep"].Status().Description != "boom" {
			t.Errorf("spans are %v; want that of the schedule, failed, with its work in it, and that of the service", spans)
		}
		if words.IsValid() {
			t.Error("all that a service does is one trace; want each piece to be its own")
		}
	})
}

func TestOutcomesOfOneShotsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil)
		for _, f := range []func(context.Context) error{
			nothing,
			func(context.Context) error { return errBoom },
			func(context.Context) error { panic(errBoom) },
			untilTold,
		} {
			b.hand(t, "thumbnail", f)
		}
		b.stop(t)
		for _, outcome := range []string{"ok", "error", "panic", "stopped"} {
			if n := b.runs(t, "thumbnail", outcome); n != 1 {
				t.Errorf("%v runs are counted as %s; want 1", n, outcome)
			}
		}
		if err := b.Go(t.Context(), "thumbnail", nothing); !errors.Is(err, dispatcher.ErrStopping) {
			t.Errorf("Go after the stop: %v; want ErrStopping", err)
		}
		if got := testkit.Series(t, b.metrics)["dispatcher_one_shots_refused_total stopping"]; got != 1 {
			t.Errorf("%v are counted as refused; want 1", got)
		}
	})
}
