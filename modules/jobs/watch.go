package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"example.com/ostov/internal/drain"
)

// The outcomes of a run.
const (
	completed   = "completed"
	failed      = "failed" // and tried again
	discarded   = "discarded"
	cancelled   = "cancelled"
	snoozed     = "snoozed"
	interrupted = "interrupted" // by a stop
)

// watch sees every insertion and every run of a job: metrics, spans, and the trace
// that goes from who inserts to who works.
type watch struct {
	river.MiddlewareDefaults

	tracer  trace.Tracer
	carry   propagation.TextMapPropagator
	running drain.Set[*rivertype.JobRow]

	inserted *prometheus.CounterVec
	waited   *prometheus.HistogramVec
	took     *prometheus.HistogramVec
	now      *prometheus.GaugeVec
}

func newWatch(p Params) *watch {
	if p.Traces == nil {
		p.Traces = noop.NewTracerProvider()
	}
	if p.Propagator == nil {
		p.Propagator = propagation.TraceContext{}
	}
	buckets := []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}
	w := &watch{
		tracer: p.Traces.Tracer("example.com/ostov/modules/jobs"),
		carry:  p.Propagator,
		inserted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jobs_inserted_total", Help: "Jobs given to insert, those of a transaction that was undone included.",
		}, []string{"kind", "queue"}),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jobs_wait_duration_seconds", Help: "From when a job was to run until it ran.", Buckets: buckets,
		}, []string{"kind", "queue"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jobs_run_duration_seconds", Help: "How long a job ran, by how it ended.", Buckets: buckets,
		}, []string{"kind", "queue", "outcome"}),
		now: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "jobs_running", Help: "Jobs that this process works now.",
		}, []string{"queue"}),
	}
	if p.Metrics != nil {
		p.Metrics.MustRegister(w.inserted, w.waited, w.took, w.now)
	}
	return w
}

// InsertMany writes into jobs which trace they belong to.
func (w *watch) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	carrier := propagation.MapCarrier{}
	w.carry.Inject(ctx, carrier)
	for _, job := range jobs {
		w.inserted.WithLabelValues(job.Kind, job.Queue).Inc()
		if len(carrier) == 0 {
			continue
		}
		metadata := make(map[string]json.RawMessage)
		if len(job.Metadata) > 0 {
			if err := json.Unmarshal(job.Metadata, &metadata); err != nil {
				return nil, fmt.Errorf("metadata of job %s: %w", job.Kind, err)
			}
		}
		var err error
		if metadata["trace"], err = json.Marshal(carrier); err == nil {
			job.Metadata, err = json.Marshal(metadata)
		}
		if err != nil {
			return nil, fmt.Errorf("metadata of job %s: %w", job.Kind, err)
		}
	}
	return insert(ctx)
}

// Work runs a job.
func (w *watch) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
	begun := time.Now()
	w.waited.WithLabelValues(job.Kind, job.Queue).Observe(max(0, begun.Sub(job.ScheduledAt).Seconds()))
	w.running.Add(job)
	w.now.WithLabelValues(job.Queue).Inc()
	traced, span := w.tracer.Start(w.trace(ctx, job), "job "+job.Kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("job.kind", job.Kind), attribute.String("job.queue", job.Queue),
		attribute.Int64("job.id", job.ID), attribute.Int("job.attempt", job.Attempt),
	))
	outcome := failed // a panic passes through here
	defer func() {
		if outcome == failed && job.Attempt >= job.MaxAttempts {
			outcome = discarded
		}
		span.SetAttributes(attribute.String("job.outcome", outcome))
		if outcome == failed || outcome == discarded {
			span.SetStatus(codes.Error, fmt.Sprint(err))
		}
		span.End()
		w.now.WithLabelValues(job.Queue).Dec()
		w.running.Remove(job)
		w.took.WithLabelValues(job.Kind, job.Queue, outcome).Observe(time.Since(begun).Seconds())
	}()
	err = work(traced)
	outcome = outcomeOf(ctx, err)
	if outcome == interrupted {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err) // River looks for its cause: whatever the worker made of it, the attempt does not count
	}
	return err
}

func outcomeOf(ctx context.Context, err error) string {
	var snooze *river.JobSnoozeError
	var cancel *river.JobCancelError
	switch {
	case err == nil:
		return completed
	case errors.As(err, &snooze):
		return snoozed
	case errors.As(err, &cancel), errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely):
		return cancelled
	case ctx.Err() != nil: // the limit of the job is a context of its own, inside
		return interrupted
	default:
		return failed
	}
}

// trace puts the trace of who inserted the job into ctx.
func (w *watch) trace(ctx context.Context, job *rivertype.JobRow) context.Context {
	var metadata struct {
		Trace propagation.MapCarrier `json:"trace"`
	}
	if json.Unmarshal(job.Metadata, &metadata) != nil || len(metadata.Trace) == 0 {
		return ctx
	}
	return w.carry.Extract(ctx, metadata.Trace)
}

// left names the jobs that run.
func (w *watch) left() string {
	var names []string
	for _, job := range w.running.All() {
		names = append(names, fmt.Sprintf("%s %d", job.Kind, job.ID))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "no job runs"
	}
	const shown = 10
	if more := len(names) - shown; more > 0 {
		names = append(names[:shown], fmt.Sprintf("and %d more", more))
	}
	return "left running: " + strings.Join(names, ", ")
}
