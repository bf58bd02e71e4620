package telemetry_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/telemetry"
)

func TestDurationsTellTheirLabelsApart(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	d, err := telemetry.NewDurations(registry, "work_duration_seconds", "How long work took.", "a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]float64)
	for _, labels := range [][]string{{"x", "", ""}, {"", "x", ""}, {"", "", "x"}, {"", "", ""}} {
		for range 2 {
			d.Observe(t.Context(), time.Second, labels...)
		}
		want["work_duration_seconds "+strings.Join(labels, " ")] = 2
		want["work_duration_seconds_sum "+strings.Join(labels, " ")] = 2
	}
	if got := testkit.Series(t, registry); !maps.Equal(got, want) {
		t.Errorf("the series are %v; want %v", got, want)
	}
}

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
	got := testkit.Series(t, registry)
	if len(got) != 4 || got["work_duration_seconds ok caf\uFFFD"] != 1 || got["work_duration_seconds ok sweep"] != 3 || got["work_duration_seconds_sum ok sweep"] != 6 {
		t.Errorf("the series are %v; want 3 sweeps of 2s, and the other name made valid", got)
	}
	if _, err := telemetry.NewDurations(registry, "work_duration_seconds", "How long work took.", "task", "outcome"); err == nil {
		t.Error("a second histogram of the name was registered; want an error")
	}
	if _, err := telemetry.NewDurations(prometheus.NewRegistry(), "work_duration_seconds", "How long work took.", "a", "b", "c", "d"); err == nil {
		t.Error("a histogram with four labels was registered; want an error")
	}
	d, err = telemetry.NewDurations(nil, "work_duration_seconds", "How long work took.")
	if err != nil {
		t.Fatal(err)
	}
	d.Observe(t.Context(), time.Second) // notes nothing
}
