package dispatcher

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/telemetry"
)

// instruments measure runs.
type instruments struct {
	tracer    trace.Tracer           // nil: no spans
	durations *telemetry.Durations   // nil: no metrics
	refused   *prometheus.CounterVec // as well

	mu    sync.Mutex
	names map[string]bool // of one-shots, that metrics have
}

// maxNames is how many one-shots have their own name in metrics; the others
// share one, for a name may be made of what a client sent.
const maxNames = 100

// instrument registers the metrics. Tasks and the queue are counted when they are
// asked for.
func (d *Dispatcher) instrument() (err error) {
	d.tracer = telemetry.Tracer(d.p.Tracers, "example.com/ostov/modules/dispatcher")
	r := d.p.Metrics
	if r == nil {
		return nil
	}
	d.names = make(map[string]bool)
	d.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dispatcher_one_shots_refused_total", Help: "One-shots that were not taken: the queue was full, or the application was stopping.",
	}, []string{"reason"})
	d.durations, err = telemetry.NewDurations(r, "dispatcher_task_duration_seconds",
		"How long runs of tasks took; one-shots beyond the first 100 names are called other.", "task", "outcome")
	return errors.Join(err,
		r.Register(d.refused),
		r.Register(telemetry.NewGauges("dispatcher_tasks", "Tasks, by their state; one-shots while they run.", []string{"state"}, d.countTasks)),
		r.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "dispatcher_queue_length", Help: "One-shots that wait for a worker."},
			func() float64 { _, queued := d.pool.count(); return float64(queued) })),
	)
}

func (d *Dispatcher) countTasks(set func(float64, ...string)) {
	for _, s := range []State{Waiting, Starting, Running, Ended, Failed, Abandoned} {
		set(0, string(s))
	}
	for _, t := range d.tasks {
		set(1, string(t.snapshot().State))
	}
	running, _ := d.pool.count()
	set(float64(running), string(Running))
}

func (d *Dispatcher) countRefused(err error) {
	switch {
	case d.refused == nil:
	case errors.Is(err, ErrQueueFull):
		d.refused.WithLabelValues("queue_full").Inc()
	default:
		d.refused.WithLabelValues("stopping").Inc()
	}
}

// span begins the span of a run, in the trace of ctx, if any.
func (d *Dispatcher) span(ctx context.Context, name string) context.Context {
	if d.tracer != nil {
		ctx, _ = d.tracer.Start(ctx, name)
	}
	return ctx
}

// trace begins the span of a run of t and returns the context of its work. What a
// service does in its life is not one trace: its span stays outside.
func (t *task) trace() context.Context {
	ctx := t.own
	if t.own = t.d.span(ctx, t.state.Name); t.state.Kind == schedule {
		return t.own
	}
	return ctx
}

// measure is apart from end, which is to need little stack.
func (t *task) measure(took time.Duration, state State, err error) {
	t.d.measure(t.own, t.state.Name, took, state, err)
}

// measures tells whether anybody wants to know how long runs take.
func (i *instruments) measures() bool { return i.tracer != nil || i.durations != nil }

// measure notes a run that entered state with err, and ends its span.
func (d *Dispatcher) measure(ctx context.Context, task string, took time.Duration, state State, err error) {
	outcome := "ok"
	if _, panicked := errors.AsType[*lifecycle.PanicError](err); panicked {
		outcome = "panic"
	} else if err != nil && state == Ended {
		outcome = "stopped"
	} else if err != nil {
		outcome = "error"
	}
	d.durations.Observe(ctx, took, task, outcome)
	if d.tracer != nil {
		telemetry.End(trace.SpanFromContext(ctx), err)
	}
}

// nameOf returns what a one-shot is called in metrics.
func (i *instruments) nameOf(oneShot string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.names[oneShot]:
		return oneShot
	case i.names == nil || len(i.names) == maxNames:
		return "other"
	}
	i.names[oneShot] = true
	return oneShot
}
