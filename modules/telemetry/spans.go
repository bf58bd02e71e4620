package telemetry

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"example.com/ostov/lifecycle"
)

// Tracer returns the tracer of a package, nil where traces are off: then whoever
// makes spans does not even ask for one.
func Tracer(p trace.TracerProvider, name string) trace.Tracer {
	if _, off := p.(noop.TracerProvider); off || p == nil {
		return nil
	}
	return p.Tracer(name)
}

// End ends span. A err that is not nil is what it failed with.
func End(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// hookSpans makes one trace of a start and one of a stop: a span for the whole,
// and below it one for each hook, which has it in its context.
type hookSpans struct {
	tracer trace.Tracer               // nil: off
	stop   atomic.Pointer[trace.Span] // of the whole stop, once it began
}

func newHookSpans(p trace.TracerProvider) *hookSpans {
	return &hookSpans{tracer: Tracer(p, "example.com/ostov/lifecycle")}
}

// observe is a lifecycle.Observer.
func (h *hookSpans) observe(ctx context.Context, e lifecycle.Event) context.Context {
	switch {
	case h.tracer == nil:
	case !e.Begins:
		End(trace.SpanFromContext(ctx), e.Err)
		// The end of the whole stop comes too late. A start that succeeds after it
		// was given up may be undone before it begins.
		if whole := h.stop.Load(); whole != nil && e.Op == "stop" && e.Err != nil {
			(*whole).SetStatus(codes.Error, e.Err.Error())
		}
	case e.Hook == nil:
		ctx, span := h.tracer.Start(ctx, e.Op)
		if e.Op == "stop" {
			h.stop.Store(&span)
		}
		return ctx
	default:
		ctx, _ = h.tracer.Start(ctx, e.Op+" "+e.Hook.Name, trace.WithAttributes(attribute.Stringer("lifecycle.phase", e.Hook.Phase)))
	}
	return ctx
}

// last ends the spans that are still open when the traces stop: that of the hook
// which stops them, whose ctx it is, and that of the stop.
func (h *hookSpans) last(ctx context.Context) {
	trace.SpanFromContext(ctx).End()
	if whole := h.stop.Load(); whole != nil {
		(*whole).End()
	}
}
