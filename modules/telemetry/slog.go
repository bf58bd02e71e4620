package telemetry

import (
	"context"
	"log/slog"
	"math"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
)

// NewHandler returns a slog.Handler that writes to log, at the same levels, with
// the ids of the context as [Log] adds them.
func NewHandler(log *zap.Logger) slog.Handler {
	const never = slog.Level(math.MaxInt)
	return handler{zapslog.NewHandler(log.Core(), zapslog.WithName(log.Name()), zapslog.AddStacktraceAt(never))}
}

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if fields := ids(ctx); fields != nil {
		r = r.Clone()
		for _, f := range fields {
			v := slog.StringValue(f.String)
			if f.Interface != nil {
				v = slog.AnyValue(f.Interface)
			}
			r.AddAttrs(slog.Attr{Key: f.Key, Value: v})
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name)}
}
