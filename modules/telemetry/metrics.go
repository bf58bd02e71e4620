package telemetry

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// newRegistry returns the registry of one application, with what Go, the process
// and its build tell, the records that w dropped, its hooks and its health.
func newRegistry(w *Writer, own *container.Container, checks *health.Registry) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(lifecycleMetrics(own.Report)...)
	r.MustRegister(
		healthMetrics(checks),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "log_records_dropped_total",
			Help: "Log records that did not reach stderr, because it was too slow or refused them.",
		}, func() float64 { return float64(w.Dropped()) }),
	)
	return r
}

// NewGauges returns a collector of gauges that read tells when they are asked
// for: it calls set for each, with a value for each of the labels. Values with
// the same labels are added up.
func NewGauges(name, help string, labels []string, read func(set func(value float64, labels ...string))) prometheus.Collector {
	opts := prometheus.GaugeOpts{Name: name, Help: help}
	return gauges{opts, labels, read}
}

type gauges struct {
	opts   prometheus.GaugeOpts
	labels []string
	read   func(set func(value float64, labels ...string))
}

// Describe implements prometheus.Collector.
func (g gauges) Describe(c chan<- *prometheus.Desc) {
	prometheus.NewGaugeVec(g.opts, g.labels).Describe(c)
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(c chan<- prometheus.Metric) {
	now := prometheus.NewGaugeVec(g.opts, g.labels)
	g.read(func(value float64, labels ...string) { now.WithLabelValues(labels...).Add(value) })
	now.Collect(c)
}

// lifecycleMetrics tell where an application is in its life, and how long its
// hooks took.
func lifecycleMetrics(report func() lifecycle.Report) []prometheus.Collector {
	return []prometheus.Collector{
		NewGauges("lifecycle_state", "1 for the state that the application is in.", []string{"state"}, func(set func(float64, ...string)) {
			now := report().State
			for _, s := range []lifecycle.State{lifecycle.New, lifecycle.Starting, lifecycle.Running, lifecycle.ShuttingDown, lifecycle.Stopped, lifecycle.Failed} {
				value := 0.0
				if s == now {
					value = 1
				}
				set(value, string(s))
			}
		}),
		NewGauges("lifecycle_hook_duration_seconds", "How long the start or stop of a hook took, or has taken so far.", []string{"hook", "phase", "op"}, func(set func(float64, ...string)) {
			for _, h := range report().Hooks {
				if h.Start != nil {
					set(h.Start.Duration.Seconds(), h.Name, h.Phase, "start")
				}
				if h.Stop != nil {
					set(h.Stop.Duration.Seconds(), h.Name, h.Phase, "stop")
				}
			}
		}),
	}
}

// healthMetrics asks the checks, whose answers are kept for a second.
func healthMetrics(checks *health.Registry) prometheus.Collector {
	return NewGauges("health_check_up", "1 where the check passes, 0 where it fails.", []string{"check", "kind"}, func(set func(float64, ...string)) {
		for _, r := range checks.Ask(context.Background()) { //nolint:forbidigo // a scrape has none; each check has its own limit
			value := 1.0
			if r.Err != nil {
				value = 0
			}
			set(value, r.Name, string(r.Kind))
		}
	})
}
