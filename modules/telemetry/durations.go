package telemetry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// maxLabels is how many labels Durations may have.
const maxLabels = 3

// Durations is a histogram of how long something took, in seconds. A nil one notes
// nothing.
type Durations struct {
	vec *prometheus.HistogramVec

	mu    sync.RWMutex
	known map[[maxLabels]string]prometheus.ExemplarObserver // what vec has, found in less than half of its time
}

// NewDurations registers a histogram with r, and returns nil where that is nil.
// It has at most 3 labels.
func NewDurations(r prometheus.Registerer, name, help string, labels ...string) (*Durations, error) {
	if r == nil {
		return nil, nil //nolint:nilnil // which notes nothing
	}
	if len(labels) > maxLabels {
		return nil, fmt.Errorf("histogram %s has %d labels; want at most %d", name, len(labels), maxLabels)
	}
	d := &Durations{
		vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600},
		}, labels),
		known: make(map[[maxLabels]string]prometheus.ExemplarObserver),
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
	d.observer(labels).ObserveWithExemplar(took.Seconds(), exemplar)
}

func (d *Durations) observer(labels []string) prometheus.ExemplarObserver {
	var key [maxLabels]string
	copy(key[:], labels)
	d.mu.RLock()
	o := d.known[key]
	d.mu.RUnlock()
	if o != nil {
		return o
	}
	valid := make([]string, len(labels))
	for i, l := range labels {
		valid[i] = strings.ToValidUTF8(l, "\uFFFD") // else it would panic
	}
	o = d.vec.WithLabelValues(valid...).(prometheus.ExemplarObserver)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[key] = o
	return o
}
