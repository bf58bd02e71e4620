package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns the registry of one application, with what Go, the process
// and its build tell, and with the records that w dropped.
func NewRegistry(w *Writer) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
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
