package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/telemetry"
)

const maxRecord = 16 << 10

// logged returns what f writes to a log of this format.
func logged(format string, f func(log *zap.Logger)) string {
	var out bytes.Buffer
	log := telemetry.NewLogger(telemetry.NewWriter(&out), zap.NewAtomicLevel(), format, "shop")
	f(log)
	for log.Sync() != nil { // on a busy machine even this sink may be late
	}
	return out.String()
}

func withStack(log *zap.Logger, message, stack string, fields ...zap.Field) {
	entry := log.Check(zapcore.ErrorLevel, message)
	entry.Stack = stack
	entry.Write(fields...)
}

// checkForged reports where text would be taken for more than one record, or
// would do something to a terminal.
func checkForged(t *testing.T, format, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasSuffix(text, "\n") || len(text) > maxRecord {
		t.Errorf("%s: wrote %d bytes that end with %q; want whole lines of 16 KiB at most", format, len(text), text[max(0, len(text)-20):])
	}
	for i, line := range lines {
		if i > 0 && (format == "json" || !strings.HasPrefix(line, "\t")) {
			t.Errorf("%s: line %d of a record is %q; want only a stack, indented, there", format, i, line)
		}
		for _, r := range line {
			if r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
				t.Errorf("%s: wrote %q with %U in it", format, line, r)
			}
		}
	}
	if !utf8.ValidString(text) {
		t.Errorf("%s: wrote %q; want UTF-8", format, text)
	}
	if format == "json" && !json.Valid([]byte(text)) {
		t.Errorf("wrote %q; want JSON", text)
	}
}

func FuzzARecordIsOneLine(f *testing.F) {
	const forged = "x\n12:00:00.000\tERROR\tforged\r\n{\"level\":\"error\"}"
	f.Add(forged, forged, forged, forged, 1)
	f.Add("\x1b[2J\x1b]0;title\a", "\u009b2J", "\u2028\u2029\u0085", "\u202eevil\u2066", 1)
	f.Add("\xff\x9b", "\x00", "\x7f\x80", "main.f()\n\t/a.go:1\n\nmain.g()", 1)
	f.Add("m", "k", "v", "s", 5000)
	f.Add("ü", "\"", "\\", "♞", 5000)
	f.Add("", "", "", "", 0)
	f.Fuzz(func(t *testing.T, message, key, value, stack string, times int) {
		times = min(max(times, 0), 10_000)
		long := strings.Repeat(value, times)
		for _, format := range []string{"json", "console"} {
			for _, write := range []func(log *zap.Logger){
				func(log *zap.Logger) { log.Info(message) },
				func(log *zap.Logger) { log.Named(key).Info(strings.Repeat(message, times), zap.String(key, value)) },
				func(log *zap.Logger) {
					log.With(zap.String(key, long)).Info(message, zap.Strings(key, []string{value}))
				},
				func(log *zap.Logger) { log.Info(message, zap.Any("a", map[string]string{key: long})) },
				func(log *zap.Logger) { log.Info(message, zap.Error(errors.New(long))) },
				func(log *zap.Logger) { withStack(log, message, strings.Repeat(stack, times), zap.String(key, value)) },
			} {
				checkForged(t, format, logged(format, write))
			}
		}
	})
}

func TestALongRecordKeepsWhatFitsAndSaysWhatIsGone(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("ü", 20_000)
	for _, tt := range []struct {
		name  string
		write func(log *zap.Logger)
		want  map[string]bool // members that are there
	}{
		{
			name:  "a long message",
			write: func(log *zap.Logger) { log.Info(long, zap.Int("id", 1)) },
			want:  map[string]bool{"level": true, "msg": true, "id": false},
		},
		{
			name: "a long field",
			write: func(log *zap.Logger) {
				log.Info("m", zap.Int("id", 1), zap.String("long", long), zap.Int("after", 1))
			},
			want: map[string]bool{"msg": true, "id": true, "long": true, "after": false},
		},
		{
			name:  "a long object is left out whole",
			write: func(log *zap.Logger) { log.Info("m", zap.Int("id", 1), zap.Strings("long", []string{"a", long})) },
			want:  map[string]bool{"msg": true, "id": true, "long": false},
		},
		{
			name:  "a long stack",
			write: func(log *zap.Logger) { withStack(log, "m", long, zap.Int("id", 1)) },
			want:  map[string]bool{"msg": true, "id": true, "stacktrace": true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			text := logged("json", tt.write)
			checkForged(t, "json", text)
			var record map[string]any
			_ = json.Unmarshal([]byte(text), &record)
			if cut, _ := record["bytes_cut"].(float64); cut < 20_000 || cut > 41_000 {
				t.Errorf("bytes_cut = %v; want what is gone of 40,000", record["bytes_cut"])
			}
			for key, want := range tt.want {
				if _, got := record[key]; got != want {
					t.Errorf("the record has %s: %t; want %t", key, got, want)
				}
			}
			if text := logged("console", tt.write); !strings.HasSuffix(text, " bytes cut)\n") {
				t.Errorf("console: the record ends with %q; want how much is gone", text[len(text)-30:])
			}
		})
	}
}

func TestACutFallsInNoEscapeSequence(t *testing.T) {
	t.Parallel()

	for _, long := range []string{"x", `"`, `\`, "\x01", "ü", "♞", "\u009b"} {
		for offset := range 8 {
			value := strings.Repeat("x", offset) + strings.Repeat(long, 17_000)
			for _, format := range []string{"json", "console"} {
				text := logged(format, func(log *zap.Logger) { log.Info("m", zap.String("long", value)) })
				checkForged(t, format, text)
				if len(text) < maxRecord-100 {
					t.Errorf("%s: %d bytes are left of many %q; want what fits", format, len(text), long)
				}
			}
		}
	}
}

func TestTheConsoleShowsAStackBelowItsRecord(t *testing.T) {
	t.Parallel()

	got := logged("console", func(log *zap.Logger) { withStack(log, "boom", "main.f()\n\t/a.go:1", zap.Int("id", 1)) })
	if want := "\tERROR\tboom\t{\"service\": \"shop\", \"id\": 1}\n\tmain.f()\n\t\t/a.go:1\n"; !strings.HasSuffix(got, want) {
		t.Errorf("wrote %q; want the end %q", got, want)
	}
}

func TestARecordOfAPanicIsOutWhenItsLoggerReturns(t *testing.T) {
	t.Parallel()

	for name, write := range map[string]func(log *zap.Logger){
		"an error with a stack": func(log *zap.Logger) { withStack(log, "boom", "main.f()") },
		"a panic of the logger": func(log *zap.Logger) {
			defer func() { _ = recover() }()
			log.WithOptions(zap.WithFatalHook(zapcore.WriteThenPanic)).Log(zapcore.FatalLevel, "boom")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			synctest.Test(t, func(t *testing.T) {
				var out sink
				w := telemetry.NewWriter(&out)
				log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
				w.Start()
				defer w.Stop(t.Context())
				log.Info("before")
				write(log)
				if got := out.String(); !strings.Contains(got, "before") || !strings.Contains(got, "boom") {
					t.Errorf("the sink has %q; want both records", got)
				}
			})
		})
	}
}
