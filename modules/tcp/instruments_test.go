package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
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

func TestALineAndAStreamAreSpansAndDurations(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct{ sent, answer, outcome, failed string }{
		{sent: "rook\n", answer: "hello\n", outcome: "ok"},
		{sent: "bye\n", outcome: "ok"},
		{sent: "fail\n", outcome: "error", failed: "the disk is full"},
		{sent: "panic\n", outcome: "panic", failed: "the handler panicked"},
		{sent: "stream", answer: "stream", outcome: "ok"},
	} {
		t.Run(strings.TrimSpace(tt.sent), func(t *testing.T) {
			t.Parallel()

			recorder, registry := tracetest.NewSpanRecorder(), prometheus.NewRegistry()
			var inside trace.SpanContext
			var served tcp.Definition = tcp.LineServer{Name: "words", Answer: func(ctx context.Context, line []byte, w io.Writer) error {
				inside = trace.SpanContextFromContext(ctx)
				return words(ctx, line, w)
			}}
			if tt.sent == "stream" {
				served = tcp.StreamServer{Name: "words", Handle: func(ctx context.Context, conn net.Conn) error {
					inside = trace.SpanContextFromContext(ctx)
					return copyBack(ctx, conn)
				}}
			}
			k := build(t, server(served), func(p *tcp.Params) {
				p.Metrics = registry
				p.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
			})
			ctx, started := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "start")
			started.End()
			k.serve(ctx)
			c := k.dial()
			c.send(tt.sent)
			c.want(tt.answer)
			c.half()
			c.wantClosed()
			k.stop()

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
			if got := values(t, registry, "tcp_server_request_duration_seconds"); got != tt.outcome+" words=1 " {
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

// values returns a metric by the values of its labels; of a histogram the counts.
func values(t *testing.T, r *prometheus.Registry, name string) (text string) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			text += fmt.Sprintf("%s=%v ", strings.Join(labels, " "), m.GetGauge().GetValue()+float64(m.GetHistogram().GetSampleCount()))
		}
	}
	return text
}

func TestOpenSessionsAreCounted(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	k := start(t, server(tcp.LineServer{Name: "words", Answer: words}),
		server(tcp.LineServer{Name: "idle", Answer: words, Address: "127.0.0.1:0"}),
		func(p *tcp.Params) { p.Metrics = registry })
	if got := values(t, registry, "tcp_server_sessions"); got != "idle=0 words=0 " {
		t.Errorf("sessions are %s; want none", got)
	}
	for _, url := range k.URLs() {
		c := k.dialTo(url)
		c.send("rook\n")
		c.want("hello\n")
	}
	if got := values(t, registry, "tcp_server_sessions"); got != "idle=1 words=1 " {
		t.Errorf("sessions are %s; want one each", got)
	}
}
