package tcp

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/modules/telemetry"
)

// instruments measure sessions and requests: the lines of a [LineServer], the
// sessions of a [StreamServer].
type instruments struct {
	tracer    trace.Tracer         // nil: no spans
	durations *telemetry.Durations // nil: no metrics
}

// instrument registers the metrics. Sessions are counted when they are asked for.
func (s *Servers) instrument(p Params) (err error) {
	s.tracer = telemetry.Tracer(p.Tracers, "example.com/ostov/modules/tcp")
	if p.Metrics == nil {
		return nil
	}
	s.durations, err = telemetry.NewDurations(p.Metrics, "tcp_server_request_duration_seconds",
		"How long answers to lines took, and sessions of stream servers.", "server", "outcome")
	return errors.Join(err, p.Metrics.Register(telemetry.NewGauges("tcp_server_sessions", "Open sessions.", []string{"server"},
		func(set func(float64, ...string)) {
			for _, d := range s.servers {
				set(0, d.name)
			}
			for name, n := range s.open() {
				set(float64(n), name)
			}
		})))
}

// request does what a client of s asked for: the only place that knows of its
// beginning and its end.
func (i *instruments) request(ctx context.Context, s *session, do func(ctx context.Context) error) (err error) {
	begun := time.Now()
	if i.tracer != nil {
		ctx, _ = i.tracer.Start(ctx, s.server, trace.WithSpanKind(trace.SpanKindServer))
	}
	s.asked = ctx
	err = errPanicked // unless do returns
	defer func() {
		outcome := "error"
		switch {
		case err == errPanicked: //nolint:errorlint // the very one
			outcome = "panic"
		case err == nil || errors.Is(err, ErrClose):
			outcome = "ok"
		case s.caused(err):
			outcome = "client"
		}
		i.durations.Observe(ctx, time.Since(begun), s.server, outcome)
		if i.tracer == nil {
			return
		}
		failed := err
		if outcome == "ok" {
			failed = nil
		}
		telemetry.End(trace.SpanFromContext(ctx), failed)
	}()
	return do(ctx)
}

// errPanicked is what a request failed with that returned nothing.
var errPanicked = errors.New("the handler panicked")
