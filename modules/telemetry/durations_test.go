package telemetry_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/ostov/modules/telemetry"
)

func TestDurationsTakeWhatCallersGive(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	d, err := telemetry.NewDurations(registry, "work_duration_seconds", "How long work took.", "task", "outcome")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d.Observe(t.Context(), 2*time.Second, "sweep", "ok")
	}
	d.Observe(t.Context(), time.Second, "caf\xe9", "ok")
	got := gather(t, registry)["work_duration_seconds"].GetMetric()
	if len(got) != 2 || got[0].GetLabel()[1].GetValue() != "caf\uFFFD" || got[1].GetHistogram().GetSampleCount() != 3 || got[1].GetHistogram().GetSampleSum() != 6 {
		t.Errorf("the histogram is %v; want 3 sweeps of 2s, and the other name made valid", got)
	}
	if _, err := telemetry.NewDurations(registry, "work_duration_seconds", "How long work took.", "task", "outcome"); err == nil {
		t.Error("a second histogram of the name was registered; want an error")
	}
	d, err = telemetry.NewDurations(nil, "work_duration_seconds", "How long work took.")
	if err != nil {
		t.Fatal(err)
	}
	d.Observe(t.Context(), time.Second) // notes nothing
}
