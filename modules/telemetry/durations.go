package telemetry

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Durations is a histogram of how long something took, in seconds. A nil one notes
// nothing.
type Durations struct{ vec *prometheus.HistogramVec }

// NewDurations registers a histogram with r, and returns nil where that is nil.
func NewDurations(r prometheus.Registerer, name, help string, labels ...string) (*Durations, error) {
	if r == nil {
		return nil, nil //nolint:nilnil // which notes nothing
	}
	d := &Durations{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600},
	}, labels)}
	return d, r.Register(d.vec)
}

// Observe notes how long something took, under the values of the labels, whose
// number the caller keeps bounded. The trace of ctx becomes the exemplar where
// it is sampled.
func (d *Durations) Observe(ctx context.Context, took time.Duration, labels ...string) {
	if d == nil {
		return
	}
	var exemplar prometheus.Labels
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		exemplar = prometheus.Labels{"trace_id": span.TraceID().String()}
	}
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "\uFFFD") // else it would panic
	}
	d.vec.WithLabelValues(labels...).(prometheus.ExemplarObserver).ObserveWithExemplar(took.Seconds(), exemplar)
}
