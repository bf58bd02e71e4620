package telemetry

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module gives *zap.Logger, the zap.AtomicLevel that changes its level,
// slog.Handler and *slog.Logger for the same log, trace.TracerProvider and
// propagation.TextMapPropagator, *prometheus.Registry and prometheus.Registerer.
var Module = fx.Module("telemetry",
	container.Section("log", DefaultConfig()),
	fx.Provide(newWriter, newTraces, fx.Private),
	fx.Provide(
		newLevel, newLogger, NewHandler, slog.New,
		(*Traces).Provider, Propagator,
		NewRegistry, func(r *prometheus.Registry) prometheus.Registerer { return r },
	),
	container.CleanupCtx(runLog, lifecycle.Observe), // first, so that it stops last
	container.CleanupCtx(runTraces, lifecycle.Observe),
)

func newWriter(own *container.Container) *Writer { return NewWriter(own.Process().Stderr) }

func newLevel(c Config) zap.AtomicLevel { return zap.NewAtomicLevelAt(c.Level) }

func newLogger(w *Writer, c Config, app container.Config, level zap.AtomicLevel) *zap.Logger {
	return NewLogger(w, level, c.Format, app.Name)
}

func newTraces(own *container.Container, app container.Config, log *zap.Logger) (*Traces, error) {
	return NewTraces(own.Process().Sources.Environ, app.Name, log)
}

// runLog lets the service go on while its records are written.
func runLog(w *Writer) lifecycle.Setup {
	return func(context.Context) (lifecycle.Cleanup, error) {
		w.Start()
		return func(ctx context.Context) error {
			w.Stop(ctx)
			return nil // a log that nobody reads is no failure of the service: it is counted
		}, nil
	}
}

func runTraces(t *Traces) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		return func(ctx context.Context) error {
			t.Stop(ctx)
			return nil // nor are traces that nobody takes: it is logged
		}, t.Start(ctx)
	}
}
