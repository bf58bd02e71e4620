package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/tcp"
)

// words answers, fails, panics or says goodbye, as it is asked.
func words(_ context.Context, line []byte, w io.Writer) error {
	switch string(line) {
	case "fail":
		return errors.New("the disk is full")
	case "panic":
		panic("out of ideas")
	case "bye":
		return tcp.ErrClose
	}
	_, err := io.WriteString(w, "hello\n")
	return err
}

func TestALineIsASpanAndADuration(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct{ line, outcome, failed string }{
		{line: "rook", outcome: "ok"},
		{line: "bye", outcome: "ok"},
		{line: "fail", outcome: "error", failed: "the disk is full"},
		{line: "panic", outcome: "panic", failed: "the handler panicked"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()

			recorder, registry := tracetest.NewSpanRecorder(), prometheus.NewRegistry()
			var inside trace.SpanContext
			k := build(t, server(tcp.LineServer{Name: "words", Answer: func(ctx context.Context, line []byte, w io.Writer) error {
				inside = trace.SpanContextFromContext(ctx)
				return words(ctx, line, w)
			}}), func(p *tcp.Params) {
				p.Metrics = registry
				p.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
			})
			ctx, started := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "start")
			started.End()
			k.serveIn(ctx)
			c := k.dial()
			c.send(tt.line + "\n")
			if tt.line == "rook" {
				c.want("hello\n")
			} else {
				c.wantClosed()
			}
			if err := k.stop(); err != nil {
				t.Fatal(err)
			}

			spans := recorder.Ended()
			if len(spans) != 1 || spans[0].Name() != "words" || spans[0].SpanKind() != trace.SpanKindServer || spans[0].Parent().IsValid() {
				t.Fatalf("spans are %v; want one of the server, of a trace of its own", spans)
			}
			if !inside.Equal(spans[0].SpanContext()) {
				t.Errorf("the answer was made in %v; want the span", inside)
			}
			if s := spans[0].Status(); s.Description != tt.failed || (s.Code == codes.Error) != (tt.failed != "") {
				t.Errorf("status is %v; want %q", s, tt.failed)
			}
			if got := counts(t, registry); fmt.Sprint(got) != fmt.Sprintf("map[words %s:1]", tt.outcome) {
				t.Errorf("durations are %v; want one of words, %s", got, tt.outcome)
			}
			for _, record := range k.logs.FilterLevelExact(zapcore.ErrorLevel).All() {
				if record.ContextMap()["trace_id"] != inside.TraceID().String() {
					t.Errorf("the record of the failure has %v; want the trace of the line", record.ContextMap())
				}
			}
		})
	}
}

// counts returns how many durations there are, by the values of their labels.
func counts(t *testing.T, r *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]uint64)
	for _, f := range families {
		if f.GetName() != "tcp_server_request_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			found[m.GetLabel()[1].GetValue()+" "+m.GetLabel()[0].GetValue()] = m.GetHistogram().GetSampleCount()
		}
	}
	return found
}

func TestASessionOfAStreamIsASpanAndADuration(t *testing.T) {
	t.Parallel()

	recorder, registry := tracetest.NewSpanRecorder(), prometheus.NewRegistry()
	k := start(t, server(tcp.StreamServer{Name: "copy", Handle: func(_ context.Context, conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	}}), func(p *tcp.Params) {
		p.Metrics = registry
		p.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	})
	c := k.dial()
	c.send("x")
	c.want("x")
	_ = c.Close()
	if err := k.stop(); err != nil {
		t.Fatal(err)
	}
	if spans := recorder.Ended(); len(spans) != 1 || spans[0].Name() != "copy" {
		t.Errorf("spans are %v; want one", spans)
	}
	var all uint64
	for _, n := range counts(t, registry) {
		all += n
	}
	if all != 1 {
		t.Errorf("%d durations; want 1", all)
	}
}

func TestOpenSessionsAreCounted(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	k := start(t, server(tcp.LineServer{Name: "words", Answer: words}),
		server(tcp.LineServer{Name: "idle", Answer: words, Address: "127.0.0.1:0"}),
		func(p *tcp.Params) { p.Metrics = registry })
	sessions := func() string {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var text string
		for _, f := range families {
			if f.GetName() == "tcp_server_sessions" {
				for _, m := range f.GetMetric() {
					text += fmt.Sprintf("%s=%v ", m.GetLabel()[0].GetValue(), m.GetGauge().GetValue())
				}
			}
		}
		return text
	}
	if got := sessions(); got != "idle=0 words=0 " {
		t.Errorf("sessions are %s; want none", got)
	}
	for _, url := range k.URLs() {
		c := k.dialTo(url)
		c.send("rook\n")
		c.want("hello\n")
	}
	if got := sessions(); got != "idle=1 words=1 " {
		t.Errorf("sessions are %s; want one each", got)
	}
}
