package telemetry

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// Module gives *zap.Logger, the zap.AtomicLevel that changes its level,
// slog.Handler and *slog.Logger for the same log, *[Tail] of it, trace.TracerProvider,
// propagation.TextMapPropagator, an http.RoundTripper for clients, which hands
// traces on, *prometheus.Registry and prometheus.Registerer.
var Module = fx.Module("telemetry",
	container.Section("log", DefaultConfig()),
	fx.Provide(newWriter, newTraces, newHookSpans, fx.Private),
	fx.Provide(
		newLevel, newLogger, NewHandler, slog.New, (*Writer).Tail,
		(*Traces).Provider, Propagator, NewTransport,
		newRegistry, func(r *prometheus.Registry) prometheus.Registerer { return r },
		fx.Annotate(newObserver, fx.ResultTags(`group:"container.observers"`)),
	),
	container.CleanupCtx(run, lifecycle.Observe), // first, so that it stops last
)

func newWriter(own *container.Container) *Writer { return NewWriter(own.Process().Stderr) }

func newLevel(c Config) zap.AtomicLevel { return zap.NewAtomicLevelAt(c.Level) }

func newLogger(w *Writer, c Config, app container.Config, level zap.AtomicLevel) *zap.Logger {
	return NewLogger(w, level, c.Format, app.Name)
}

func newTraces(own *container.Container, app container.Config, log *zap.Logger) (*Traces, error) {
	return NewTraces(own.Process().Sources.Environ, app.Name, log)
}

func newObserver(h *hookSpans) lifecycle.Observer { return h.observe }

// run lets the service go on while its records are written, and sends its spans.
// It is one hook, so that its own span ends after the sending began.
func run(w *Writer, t *Traces, h *hookSpans, clients http.RoundTripper) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		w.Start()
		return func(ctx context.Context) error {
			(&http.Client{Transport: clients}).CloseIdleConnections()
			// A log that nobody reads, or spans that nobody takes, are no failure of
			// the service: they are counted, and told in the log.
			h.last(ctx)
			t.Stop(ctx)
			w.Stop(ctx)
			return nil
		}, t.Start(ctx)
	}
}
