package testkit

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Series returns the metrics of g, by name and values of their labels: of a
// histogram how much was noted, and the sum by its name with _sum.
func Series(t testing.TB, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				labels += " " + l.GetValue()
			}
			series[f.GetName()+labels] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if h := m.GetHistogram(); h != nil {
				series[f.GetName()+"_sum"+labels] = h.GetSampleSum()
			}
		}
	}
	return series
}
