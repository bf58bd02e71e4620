package telemetry_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"example.com/ostov/modules/telemetry"
)

var (
	traceID = trace.TraceID{0x4b, 0xf9, 15: 0x36}
	spanID  = trace.SpanID{0x00, 0xf0, 7: 0xb7}
)

func requestContext(ctx context.Context) context.Context {
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID}))
	return context.WithValue(ctx, telemetry.RequestIDKey{}, "r1")
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		t.Fatalf("wrote %q: %v", text, err)
	}
	return record
}

func TestARecordOfARequestHasItsIDs(t *testing.T) {
	t.Parallel()

	ctx := requestContext(t.Context())
	for name, write := range map[string]func(log *zap.Logger){
		"zap":             func(log *zap.Logger) { telemetry.Log(ctx, log).Info("m") },
		"slog":            func(log *zap.Logger) { slog.New(telemetry.NewHandler(log)).InfoContext(ctx, "m") },
		"slog with attrs": func(log *zap.Logger) { slog.New(telemetry.NewHandler(log)).With("a", 1).InfoContext(ctx, "m") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			record := parse(t, logged("json", write))
			for key, want := range map[string]any{
				"trace_id": "4bf90000000000000000000000000036", "span_id": "00f00000000000b7", "request_id": "r1", "service": "shop", "msg": "m",
			} {
				if record[key] != want {
					t.Errorf("%s = %v; want %v", key, record[key], want)
				}
			}
		})
	}
}

func TestALogWithoutARequestIsTheLogItself(t *testing.T) {
	ctx, log := t.Context(), zap.NewNop()
	if telemetry.Log(ctx, log) != log {
		t.Error("Log made a new logger where there is nothing to add")
	}
	if got := testing.AllocsPerRun(100, func() { telemetry.Log(ctx, log) }); got > 0 {
		t.Errorf("Log allocates %v times; want none", got)
	}
}

func TestSlogWritesAtTheSameLevelsAndWithoutStacks(t *testing.T) {
	t.Parallel()

	record := parse(t, logged("json", func(log *zap.Logger) {
		handler := telemetry.NewHandler(log.Named("river"))
		slog.New(handler).Debug("not at this level")
		slog.New(handler).WithGroup("job").Error("boom", "id", 7)
	}))
	job, _ := record["job"].(map[string]any)
	if record["level"] != "error" || record["logger"] != "river" || record["stacktrace"] != nil || job["id"] != 7.0 {
		t.Errorf("wrote %v; want an error of river with job.id, and no stack", record)
	}
}
