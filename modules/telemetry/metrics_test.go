package telemetry_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"example.com/ostov/modules/telemetry"
)

func gather(t *testing.T, r *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]*dto.MetricFamily)
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func TestTheRegistryTellsOfGoProcessBuildAndDrops(t *testing.T) {
	t.Parallel()

	var out sink
	out.fail(0, errors.New("disk full"))
	w := telemetry.NewWriter(&out)
	write(w, 3)
	families := gather(t, telemetry.NewRegistry(w))
	for _, name := range []string{"go_goroutines", "go_info", "go_build_info", "process_cpu_seconds_total", "process_open_fds"} {
		if families[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	dropped := families["log_records_dropped_total"]
	if dropped == nil || dropped.GetMetric()[0].GetCounter().GetValue() != 3 {
		t.Errorf("log_records_dropped_total is %v; want 3", dropped)
	}
}

func TestPromlintAcceptsTheRegistry(t *testing.T) {
	t.Parallel()

	var text bytes.Buffer
	for _, f := range gather(t, telemetry.NewRegistry(telemetry.NewWriter(&text))) {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := promlint.New(&text).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint found %v, %v", problems, err)
	}
}
