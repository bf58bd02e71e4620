package telemetry_test

import (
	"bytes"
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

func TestConsoleIsForPeople(t *testing.T) {
	t.Parallel()

	if got := logged("console", func(log *zap.Logger) { log.Warn("hello") }); !strings.Contains(got, "WARN") || strings.HasPrefix(got, "{") {
		t.Errorf("wrote %q; want a line for people", got)
	}
}

func TestTheLevelChangesLive(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	level := zap.NewAtomicLevelAt(zapcore.ErrorLevel)
	log := telemetry.NewLogger(telemetry.NewWriter(&out), level, "json", "shop")
	log.Info("before")
	level.SetLevel(zapcore.InfoLevel)
	log.Info("after")
	for log.Sync() != nil {
	}
	if got := out.String(); strings.Contains(got, "before") || !strings.Contains(got, "after") {
		t.Errorf("wrote %q; want only what came after the change", got)
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
