package telemetry_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Most records are written without zap's encoder. Nobody must see which.
func TestRecordsAreThoseOfZap(t *testing.T) {
	t.Parallel()

	zone := time.FixedZone("", -int(3.5*3600))
	entry := zapcore.Entry{Level: zapcore.InfoLevel, Time: time.Date(2026, 1, 2, 3, 4, 5, 60_700, zone), LoggerName: "http", Message: "request"}
	with := func(change func(*zapcore.Entry)) zapcore.Entry {
		e := entry
		change(&e)
		return e
	}
	fields := func(f ...zapcore.Field) []zapcore.Field { return f }
	for name, record := range map[string]struct {
		entry           zapcore.Entry
		context, fields []zapcore.Field
	}{
		"no fields": {entry: entry},
		"of a request": {entry: entry, fields: fields(zap.String("uri", "/words?q=<rook>&n=1"), zap.String("route", ""),
			zap.Int("status", 200), zap.Int64("bytes", -1), zap.Duration("latency", 123_456*time.Nanosecond))},
		"integers": {entry: entry, fields: fields(zap.Int64("least", math.MinInt64), zap.Int64("most", math.MaxInt64))},
		"durations": {entry: entry, fields: fields(zap.Duration("none", 0), zap.Duration("short", 1), zap.Duration("long", math.MaxInt64),
			zap.Duration("negative", -1500*time.Millisecond), zap.Duration("odd", 3*time.Second+1))},
		"no name":                {entry: with(func(e *zapcore.Entry) { e.LoggerName = "" })},
		"no message":             {entry: with(func(e *zapcore.Entry) { e.Message = "" })},
		"no time":                {entry: with(func(e *zapcore.Entry) { e.Time = time.Time{} })},
		"UTC":                    {entry: with(func(e *zapcore.Entry) { e.Time = time.Unix(0, 0).UTC() })},
		"a warning":              {entry: with(func(e *zapcore.Entry) { e.Level = zapcore.WarnLevel })},
		"an unknown level":       {entry: with(func(e *zapcore.Entry) { e.Level = -7 })},
		"a caller":               {entry: with(func(e *zapcore.Entry) { e.Caller = zapcore.NewEntryCaller(1, "main.go", 7, true) })},
		"a stack":                {entry: with(func(e *zapcore.Entry) { e.Stack = "main.go:7" }), fields: fields(zap.Int("n", 1))},
		"quotes in the name":     {entry: with(func(e *zapcore.Entry) { e.LoggerName = `"` })},
		"a tab in the message":   {entry: with(func(e *zapcore.Entry) { e.Message = "a\tb" })},
		"a context":              {entry: entry, context: fields(zap.String("a", "b"), zap.Int("n", 1)), fields: fields(zap.Int("m", 2))},
		"an odd context":         {entry: entry, context: fields(zap.Error(errors.New("full"))), fields: fields(zap.Int("m", 2))},
		"a namespace":            {entry: entry, context: fields(zap.Namespace("in")), fields: fields(zap.Int("m", 2))},
		"a namespace of its own": {entry: entry, fields: fields(zap.Int("m", 1), zap.Namespace("in"), zap.Int("m", 2))},
		"other fields": {entry: entry, fields: fields(zap.String("a", "b"), zap.Bool("b", true), zap.Error(errors.New("full")), zap.Skip(),
			zap.Strings("c", []string{"d"}), zap.Uint64("u", math.MaxUint64), zap.Float64("f", 0.1), zap.ByteString("y", []byte("z")))},
		"escapes":    {entry: entry, fields: fields(zap.String("text", "a\"b\\c\nd"))},
		"an odd key": {entry: entry, fields: fields(zap.Int(`"`, 1))},
		"letters":    {entry: entry, fields: fields(zap.String("text", "ладья ♖"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := zap.NewProductionEncoderConfig()
			c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
			c.EncodeDuration = zapcore.SecondsDurationEncoder
			var want bytes.Buffer
			zaps := zapcore.NewCore(zapcore.NewJSONEncoder(c), zapcore.AddSync(&want), zapcore.DebugLevel).
				With(fields(zap.String("service", "shop"))).With(record.context)
			if err := zaps.Write(record.entry, record.fields); err != nil {
				t.Fatal(err)
			}
			got := logged("json", func(log *zap.Logger) {
				if err := log.Core().With(record.context).Write(record.entry, record.fields); err != nil {
					t.Error(err)
				}
			})
			if got != want.String() {
				t.Errorf("wrote\n%swant\n%s", got, want.String())
			}
		})
	}
}

func TestNoByteForgesARecord(t *testing.T) {
	t.Parallel()

	for b := range 256 {
		text := "a" + string([]byte{byte(b)}) + "z"
		checkForged(t, "json", logged("json", func(log *zap.Logger) { log.Named(text).Info("request", zap.String("text", text), zap.Int(text, 1)) }))
	}
}

func TestALoggerKeepsTheContextOfEachOfItsOwn(t *testing.T) {
	t.Parallel()

	text := logged("json", func(log *zap.Logger) {
		log = log.With(zap.String("a", "0123456789"))
		one, two := log.With(zap.String("b", "2")), log.With(zap.String("c", "3"))
		one.Info("one")
		two.Info("two")
		log.Info("none")
	})
	for i, want := range []string{`"one","service":"shop","a":"0123456789","b":"2"}`, `"two","service":"shop","a":"0123456789","c":"3"}`, `"none","service":"shop","a":"0123456789"}`} {
		if line := strings.Split(text, "\n")[i]; !strings.HasSuffix(line, want) {
			t.Errorf("record %d is %s; want %s at its end", i, line, want)
		}
	}
}
