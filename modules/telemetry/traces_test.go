package telemetry_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	"example.com/ostov/config"
	"example.com/ostov/modules/telemetry"
)

// received is what a receiver got in one request.
type received struct {
	path, authorization string
	traces              *tracepb.TracesData
}

// receiver is an OTLP receiver over HTTP. It answers the first requests with
// refuse.
func receiver(t *testing.T, refuse ...int) (url string, requests chan received) {
	t.Helper()
	requests = make(chan received, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(refuse) > 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(refuse[0])
			refuse = refuse[1:]
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(body)
		}
		bytes, _ := io.ReadAll(body)
		got := received{path: r.URL.Path, authorization: r.Header.Get("Authorization"), traces: new(tracepb.TracesData)}
		if err := proto.Unmarshal(bytes, got.traces); err != nil {
			t.Errorf("the receiver got %q: %v", bytes, err)
		}
		requests <- got
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func newTraces(t *testing.T, log *zap.Logger, environ ...string) *telemetry.Traces {
	t.Helper()
	traces, err := telemetry.NewTraces(environ, "shop", log)
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

// span starts and ends traces with one span in them.
func span(t *testing.T, traces *telemetry.Traces) {
	t.Helper()
	if err := traces.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, s := traces.Provider().Tracer("test").Start(t.Context(), "work")
	s.End()
	traces.Stop(t.Context())
}

func TestAReceiverGetsWhatIsLeftAtTheStop(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		name    string
		path    string // of the endpoint
		environ []string
		refuse  []int
		want    string // path of the request
		service string
	}{
		{name: "one endpoint for all signals", environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL"}, want: "/v1/traces", service: "shop"},
		{name: "below a path", environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL/otlp/"}, want: "/otlp/v1/traces", service: "shop"},
		{name: "an endpoint for traces", environ: []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=URL/in"}, want: "/in", service: "shop"},
		{name: "compressed", environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip"}, want: "/v1/traces", service: "shop"},
		{
			name:    "named by a variable",
			environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_RESOURCE_ATTRIBUTES=service.name=no,a=b%20c", "OTEL_SERVICE_NAME=till"},
			want:    "/v1/traces", service: "till",
		},
		{name: "after it was not there for a while", environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL"}, refuse: []int{503, 429}, want: "/v1/traces", service: "shop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			url, requests := receiver(t, tt.refuse...)
			environ := []string{"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20x, other=1"}
			for _, e := range tt.environ {
				environ = append(environ, strings.ReplaceAll(e, "URL", url))
			}
			span(t, newTraces(t, zap.NewNop(), environ...))
			got := <-requests
			if got.path != tt.want || got.authorization != "Bearer x" {
				t.Errorf("the receiver was asked for %q by %q; want %q by the header given", got.path, got.authorization, tt.want)
			}
			resource := got.traces.GetResourceSpans()[0]
			attributes := make(map[string]string)
			for _, a := range resource.GetResource().GetAttributes() {
				attributes[a.GetKey()] = a.GetValue().GetStringValue()
			}
			if attributes["service.name"] != tt.service {
				t.Errorf("the spans are of %v; want service %s", attributes, tt.service)
			}
			if name := resource.GetScopeSpans()[0].GetSpans()[0].GetName(); name != "work" {
				t.Errorf("the span is %q; want work", name)
			}
		})
	}
}

func TestAReceiverThatHangsHoldsNoStop(t *testing.T) {
	t.Parallel()

	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client leave
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	core, logs := observer.New(zapcore.InfoLevel)
	traces := newTraces(t, zap.New(core), "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	if err := traces.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, s := traces.Provider().Tracer("test").Start(t.Context(), "work")
	s.End()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	begin := time.Now()
	traces.Stop(ctx)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("Stop took %v; want the end of its context", took)
	}
	if got := logs.FilterMessageSnippet("spans dropped").Len(); got != 1 {
		t.Errorf("the log has %v; want one record that spans are dropped", logs.All())
	}
}

func TestAReceiverThatRefusesIsToldOnceAndItsRecoveryToo(t *testing.T) {
	t.Parallel()

	url, requests := receiver(t, 400, 403)
	core, logs := observer.New(zapcore.InfoLevel)
	traces := newTraces(t, zap.New(core), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1", "OTEL_BSP_MAX_QUEUE_SIZE=10")
	if err := traces.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, s := traces.Provider().Tracer("test").Start(t.Context(), "work")
		s.End()
	}
	traces.Stop(t.Context())
	<-requests
	var got []string
	for _, e := range logs.All() {
		got = append(got, e.Message)
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "spans dropped") || got[1] != "spans are sent again" {
		t.Errorf("the log has %q; want the failure and the recovery, once each", got)
	}
	if err, _ := logs.All()[0].ContextMap()["error"].(string); !strings.Contains(err, "/v1/traces: 400 Bad Request") {
		t.Errorf("the error is %q; want the address and the answer", err)
	}
}

func TestTracesAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()

	for _, environ := range [][]string{
		nil,
		{"OTEL_EXPORTER_OTLP_ENDPOINT="},
		{"OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		{"OTEL_SDK_DISABLED=TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
	} {
		t.Run(strings.Join(environ, " "), func(t *testing.T) {
			t.Parallel()

			traces := newTraces(t, zap.NewNop(), environ...)
			_, s := traces.Provider().Tracer("test").Start(t.Context(), "work")
			if s.IsRecording() || s.SpanContext().IsValid() {
				t.Error("a span is recorded; want none")
			}
			span(t, traces)
		})
	}
}

func TestASamplerDecides(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		sampler, arg string
		want         bool
	}{
		{want: true},
		{sampler: "always_on", want: true},
		{sampler: "always_off"},
		{sampler: "traceidratio", arg: "0"},
		{sampler: "traceidratio", want: true},
		{sampler: "parentbased_always_on", want: true},
		{sampler: "parentbased_always_off"},
		{sampler: "parentbased_traceidratio", arg: "0"},
	} {
		t.Run(tt.sampler+tt.arg, func(t *testing.T) {
			t.Parallel()

			traces := newTraces(t, zap.NewNop(), "OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER="+tt.sampler, "OTEL_TRACES_SAMPLER_ARG="+tt.arg)
			if _, s := traces.Provider().Tracer("test").Start(t.Context(), "work"); s.IsRecording() != tt.want {
				t.Errorf("a span is recorded: %t; want %t", s.IsRecording(), tt.want)
			}
		})
	}
}

func TestWrongVariablesAreAllNamedAndNoSecretIsShown(t *testing.T) {
	t.Parallel()

	_, err := telemetry.NewTraces([]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
		"OTEL_EXPORTER_OTLP_HEADERS=s3cret",
		"OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
		"OTEL_EXPORTER_OTLP_TIMEOUT=10s",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere/ca.pem",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY=/nowhere/key.pem",
		"OTEL_BSP_MAX_QUEUE_SIZE=0",
		"OTEL_BSP_SCHEDULE_DELAY=-1",
		"OTEL_TRACES_SAMPLER=sometimes",
		"OTEL_RESOURCE_ATTRIBUTES=shop",
	}, "shop", zap.NewNop())
	var wrong *config.Error
	if !errors.As(err, &wrong) || strings.Contains(err.Error(), "s3cret") {
		t.Fatalf("NewTraces = %v; want a *config.Error without the header", err)
	}
	for _, name := range []string{
		"OTLP_ENDPOINT", "OTLP_PROTOCOL", "OTLP_HEADERS", "OTLP_COMPRESSION", "OTLP_TIMEOUT", "OTLP_CERTIFICATE",
		"OTLP_CLIENT_CERTIFICATE", "MAX_QUEUE_SIZE", "SCHEDULE_DELAY", "TRACES_SAMPLER", "RESOURCE_ATTRIBUTES",
	} {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("NewTraces = %v; want %s named", err, name)
		}
	}
	if _, err := telemetry.NewTraces([]string{"OTEL_TRACES_EXPORTER=console"}, "shop", zap.NewNop()); !errors.As(err, &wrong) {
		t.Errorf("NewTraces = %v; want the exporter named", err)
	}
}
