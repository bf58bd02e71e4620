package telemetry_test

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/telemetry"
)

func TestRecordsAreJSONWhereNobodyLooks(t *testing.T) {
	t.Parallel()

	out := logged("auto", func(log *zap.Logger) { log.Info("hello\nforged", zap.Int("n", 1)) })
	var record map[string]any
	if err := json.Unmarshal([]byte(out), &record); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("wrote %q, %v; want one JSON object in one line", out, err)
	}
	for key, want := range map[string]any{"level": "info", "msg": "hello\nforged", "service": "shop", "n": 1.0} {
		if record[key] != want {
			t.Errorf("record[%q] = %v; want %v", key, record[key], want)
		}
	}
}

func TestConfigRefusesLevelsThatEndTheProcess(t *testing.T) {
	t.Parallel()

	c := telemetry.DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Errorf("Validate of the defaults = %v", err)
	}
	c.Level = zapcore.FatalLevel
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "level") {
		t.Errorf("Validate = %v; want level named", err)
	}
}
