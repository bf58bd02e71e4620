package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

// RequestIDKey is the key under which a context carries the id of its request, a
// string.
type RequestIDKey struct{}

// Log returns log with the ids that ctx carries: trace_id and span_id of its
// span, request_id of its request. Where it carries none it returns log itself,
// which costs two look-ups.
func Log(ctx context.Context, log *zap.Logger) *zap.Logger {
	return log.WithLazy(ids(ctx)...)
}

// Untraced returns a context with the values of ctx, but neither its end nor its
// span: for what a start begins and others ask for later, which is no part of it.
func Untraced(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(context.WithoutCancel(ctx), trace.SpanContext{})
}

func ids(ctx context.Context) (fields []zap.Field) {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		fields = append(fields, zap.Stringer("trace_id", span.TraceID()), zap.Stringer("span_id", span.SpanID()))
	}
	if id, ok := ctx.Value(RequestIDKey{}).(string); ok {
		fields = append(fields, zap.String("request_id", id))
	}
	return fields
}
