//go:build unix

// Package telemetry_test holds the log against bare zap, in one run.
package telemetry_test

import (
	"io"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/bench/cpu"
	"example.com/ostov/modules/telemetry"
)

func bareZap() *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(c), zapcore.AddSync(io.Discard), zapcore.InfoLevel)
	return zap.New(core).With(zap.String("service", "shop"))
}

func ours(w *telemetry.Writer) *zap.Logger {
	return telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
}

var records = []struct {
	name  string
	write func(log *zap.Logger)
}{
	{name: "message", write: func(log *zap.Logger) { log.Info("application started") }},
	{name: "access", write: func(log *zap.Logger) {
		log.Info("request",
			zap.String("method", "GET"), zap.String("uri", "/api/chars?query=chess+knight"), zap.String("route", "/api/chars"),
			zap.Int("status", 200), zap.Int64("bytes", 512), zap.Duration("latency", 1234*time.Microsecond),
			zap.String("remote", "192.0.2.17"), zap.String("request_id", "6b1fb2d1c0c54ed1a1de33cf5c3b9f03"))
	}},
}

func BenchmarkRecord(b *testing.B) {
	w := telemetry.NewWriter(io.Discard)
	w.Start()
	for _, r := range records {
		for _, l := range []struct {
			name string
			log  *zap.Logger
		}{{"zap", bareZap()}, {"ostov", ours(w)}} {
			b.Run(r.name+"/"+l.name, func(b *testing.B) {
				b.ReportAllocs()
				before := cpu.Used(b)
				for b.Loop() {
					r.write(l.log)
				}
				b.ReportMetric(float64(cpu.Used(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// TestRecordRatio holds a record through the pipeline to 1.3 times what zap's
// JSON core takes to io.Discard, and to no allocation more: processor time, the
// best of interleaved rounds.
func TestRecordRatio(t *testing.T) {
	const (
		rounds = 50
		n      = 30_000
		most   = 1.3
	)
	w := telemetry.NewWriter(io.Discard)
	w.Start()
	for _, r := range records {
		logs := []*zap.Logger{bareZap(), ours(w)}
		least := cpu.Least(t, rounds, len(logs), func(i int) func() {
			return func() {
				for range n {
					r.write(logs[i])
				}
				if err := logs[i].Sync(); err != nil {
					t.Fatal(err)
				}
			}
		})
		allocs := make([]float64, len(logs))
		for i, log := range logs {
			allocs[i] = testing.AllocsPerRun(n, func() { r.write(log) })
		}
		ratio := float64(least[1]) / float64(least[0])
		t.Logf("%-8s zap %4d ns %.0f allocs, ostov %4d ns %.0f allocs, ratio %.2f",
			r.name, least[0].Nanoseconds()/n, allocs[0], least[1].Nanoseconds()/n, allocs[1], ratio)
		if ratio > most {
			t.Errorf("%s: ratio %.2f; want at most %.1f", r.name, ratio, most)
		}
		if allocs[1] > allocs[0] {
			t.Errorf("%s: %.0f allocations, zap has %.0f; want no more", r.name, allocs[1], allocs[0])
		}
	}
	if dropped := w.Dropped(); dropped > 0 {
		t.Errorf("dropped %d records; want the sink to keep up", dropped)
	}
}
