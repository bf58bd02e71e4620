package httpserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap/zapcore"

	httpserver "example.com/ostov/modules/http"
)

// Contract B114.
func TestEveryAnswerHasOneAccessRecord(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, method, target string
		want                 map[string]any
		level                zapcore.Level
	}{
		{
			name: "answered", method: "GET", target: "/words/rook?n=1",
			want: map[string]any{"method": "GET", "uri": "/words/rook?n=1", "route": "/words/:word", "status": int64(200), "bytes": int64(5)},
		},
		{
			name: "client's fault", method: "POST", target: "/words/rook",
			want: map[string]any{"method": "POST", "uri": "/words/rook", "route": "/words/:word", "status": int64(405)},
		},
		{
			name: "unknown", method: "GET", target: "/none",
			want: map[string]any{"route": "", "status": int64(404)},
		},
		{
			name: "failed", method: "GET", target: "/failed", level: zapcore.ErrorLevel,
			want: map[string]any{"route": "/failed", "status": int64(500), "error": "the disk is full"},
		},
		{
			name: "panicked", method: "GET", target: "/panicked", level: zapcore.ErrorLevel,
			want: map[string]any{"route": "/panicked", "status": int64(500), "error": "panic: out of ideas"},
		},
		{
			name: "failed after it was answered", method: "GET", target: "/late", level: zapcore.WarnLevel,
			want: map[string]any{"route": "/late", "status": int64(200), "error": "the disk is full"},
		},
		{
			name: "a probe", method: "GET", target: "/livez", level: zapcore.DebugLevel,
			want: map[string]any{"route": "/livez", "status": int64(200)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := build(t, get("/words/:word", hello),
				get("/failed", func(echo.Context) error { return errors.New("the disk is full") }),
				get("/panicked", func(echo.Context) error { panic("out of ideas") }),
				get("/late", func(c echo.Context) error { return errors.Join(hello(c), errors.New("the disk is full")) }),
			)
			w := k.ask(tt.method, tt.target)

			if k.logs.Len() != 1 {
				t.Fatalf("logged %d records; want one: %v", k.logs.Len(), k.logs.All())
			}
			record := k.logs.All()[0]
			if record.Level != tt.level || record.Message != "request" {
				t.Errorf("record is %v %q; want %v request", record.Level, record.Message, tt.level)
			}
			if record.LoggerName != "http" || time.Since(record.Time) > time.Minute {
				t.Errorf("record is of %q at %v; want http, now", record.LoggerName, record.Time)
			}
			fields := record.ContextMap()
			for key, want := range tt.want {
				if fields[key] != want {
					t.Errorf("%s = %v; want %v", key, fields[key], want)
				}
			}
			names := []string{"bytes", "latency", "method", "remote", "request_id", "route", "status", "uri"}
			if tt.want["error"] != nil {
				names = append(names, "error")
				slices.Sort(names)
			}
			if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, names) {
				t.Errorf("fields are %v; want %v", got, names)
			}
			if id := w.Header().Get("X-Request-Id"); id == "" || fields["request_id"] != id {
				t.Errorf("request_id = %v; want that of the answer, %q", fields["request_id"], id)
			}
			if fields["remote"] != "192.0.2.1" {
				t.Errorf("remote = %v; want 192.0.2.1", fields["remote"])
			}
			if panicked := strings.Contains(record.Stack, "observe_test.go"); panicked != (tt.name == "panicked") {
				t.Errorf("record has the stack %q; want that of the panic, and else none", record.Stack)
			}
		})
	}
}

func TestSecretsInQueriesAreNotLogged(t *testing.T) {
	t.Parallel()

	for uri, want := range map[string]string{
		"/":                              "/",
		"/?":                             "/?",
		"/?query=rook&offset=2":          "/?query=rook&offset=2",
		"/?token=s3cret":                 "/?token=REDACTED",
		"/?a=1&Access_Token=s3cret&b=2":  "/?a=1&Access_Token=REDACTED&b=2",
		"/?api_key=s3cret&password=s3cr": "/?api_key=REDACTED&password=REDACTED",
		"/?key=s3cret&key=other":         "/?key=REDACTED&key=REDACTED",
		"/?a=1&a=1&sig=s3cret":           "/?a=1&a=1&sig=REDACTED",
		"/?monkey=s3&key=s3":             "/?monkey=s3&key=REDACTED",
		"/?key&token=":                   "/?key&token=",
		"/?keyword=rook&country_code=de": "/?keyword=rook&country_code=de",
	} {
		k := build(t, get("/", hello))
		k.ask("GET", uri)
		if got := k.logs.All()[0].ContextMap()["uri"]; got != want {
			t.Errorf("%s is logged as %v; want %v", uri, got, want)
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, given string
		kept        bool
	}{
		{name: "none", given: ""},
		{name: "a good one", given: "Ab0._-", kept: true},
		{name: "the longest", given: strings.Repeat("x", 64), kept: true},
		{name: "too long", given: strings.Repeat("x", 65)},
		{name: "spaces", given: "a b"},
		{name: "markup", given: "<b>"},
		{name: "not ASCII", given: "é"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := build(t, get("/", hello))
			first := k.ask("GET", "/", header("X-Request-Id", tt.given)).Header().Get("X-Request-Id")
			second := k.ask("GET", "/", header("X-Request-Id", tt.given)).Header().Get("X-Request-Id")
			if tt.kept {
				if first != tt.given {
					t.Errorf("request id is %q; want the client's, %q", first, tt.given)
				}
				return
			}
			if len(first) != 32 || strings.Trim(first, "0123456789abcdef") != "" || first == second {
				t.Errorf("request ids are %q and %q; want two of 32 hexadecimal digits each", first, second)
			}
		})
	}
}

// Contract B59.
func TestPanicAfterTheHeaderAbortsTheConnection(t *testing.T) {
	t.Parallel()

	k := start(t, get("/", func(c echo.Context) error {
		if err := c.String(http.StatusOK, "half an ans"); err != nil {
			return err
		}
		c.Response().Flush()
		panic("out of ideas")
	}), get("/fine", hello))
	if _, text, err := k.fetch("/"); err == nil {
		t.Errorf("the client got %q as if it were whole; want an error", text)
	}
	if r, _, err := k.fetch("/fine"); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("next request: %v; want the server to live", err)
	}
	failed := k.logs.FilterMessage("request").FilterLevelExact(zapcore.ErrorLevel).All()
	if len(failed) != 1 || failed[0].ContextMap()["error"] != "panic: out of ideas" || failed[0].Stack == "" {
		t.Errorf("logged %v; want the panic once, with its stack", failed)
	}
}

func TestAbortedHandlerIsRecorded(t *testing.T) {
	t.Parallel()

	k := start(t, get("/", func(echo.Context) error { panic(http.ErrAbortHandler) }))
	if _, _, err := k.fetch("/"); err == nil {
		t.Error("the client got an answer from a handler that aborted; want none")
	}
	records := k.logs.FilterMessage("request").All()
	if len(records) != 1 || records[0].ContextMap()["error"] != http.ErrAbortHandler.Error() {
		t.Errorf("records of the aborted request: %v; want one, with its error", records)
	}
}

func TestClientThatLeavesIsNoError(t *testing.T) {
	for target, status := range map[string]int64{"/query": 499, "/stream": 200} {
		t.Run(target, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				k := startPipes(t, get("/query", func(c echo.Context) error {
					return fmt.Errorf("query: %w", stuck(c))
				}), get("/stream", func(c echo.Context) error {
					httpserver.Stream(c)
					c.Response().WriteHeader(http.StatusOK)
					return stuck(c)
				}))
				client := k.dial()
				client.get(target)
				synctest.Wait()
				_ = client.Close()
				synctest.Wait()
				record := k.logs.FilterMessage("request").All()[0]
				if record.Level != zapcore.InfoLevel || record.ContextMap()["status"] != status {
					t.Errorf("record is %v with status %v; want info with %d", record.Level, record.ContextMap()["status"], status)
				}
			})
		})
	}
}

func TestEchosOwnLogGoesToZap(t *testing.T) {
	t.Parallel()

	k := build(t)
	k.echo.Logger.Error("no \"quotes\" here")
	k.echo.StdLogger.Print("and none there")
	var text bytes.Buffer
	for _, entry := range k.logs.All() {
		fmt.Fprintln(&text, entry.Message)
	}
	if text.String() != "no \"quotes\" here\nand none there\n" {
		t.Errorf("logged %q; want both lines", text.String())
	}
}
