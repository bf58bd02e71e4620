package telemetry

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Durations is a histogram of how long something took, in seconds, by one to
// three labels. The zero value of a pointer to it notes nothing.
type Durations struct {
	vec *prometheus.HistogramVec

	mu    sync.RWMutex
	known map[[3]string]prometheus.ExemplarObserver // so that a look-up allocates nothing
}

// NewDurations registers a histogram with r, and returns nil where that is nil.
func NewDurations(r prometheus.Registerer, name, help string, labels ...string) (*Durations, error) {
	if r == nil {
		return nil, nil //nolint:nilnil // which notes nothing
	}
	d := &Durations{
		vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600},
		}, labels),
		known: make(map[[3]string]prometheus.ExemplarObserver),
	}
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
	d.of(labels).ObserveWithExemplar(took.Seconds(), exemplar)
}

func (d *Durations) of(labels []string) prometheus.ExemplarObserver {
	var key [3]string
	copy(key[:], labels)
	d.mu.RLock()
	h := d.known[key]
	d.mu.RUnlock()
	if h != nil {
		return h
	}
	valid := make([]string, len(labels))
	for i, l := range labels {
		valid[i] = strings.ToValidUTF8(l, "\uFFFD")
	}
	h = d.vec.WithLabelValues(valid...).(prometheus.ExemplarObserver)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[key] = h
	return h
}
