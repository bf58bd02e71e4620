package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/telemetry"
)

// given is what the module gives to others.
type given struct {
	fx.In

	Log        *zap.Logger
	Level      zap.AtomicLevel
	Handler    slog.Handler
	Slog       *slog.Logger
	Tracers    trace.TracerProvider
	Propagator propagation.TextMapPropagator
	Registry   *prometheus.Registry
	Registerer prometheus.Registerer
}

func process(stderr *sink, environ ...string) container.Process {
	return container.Process{Stdout: new(sink), Stderr: stderr, Sources: config.Sources{Environ: append([]string{}, environ...)}}
}

func TestTheModuleGivesLogTracesAndMetricsFromStartToEnd(t *testing.T) {
	t.Parallel()

	url, requests := receiver(t)
	before := otel.GetTracerProvider()
	var (
		stderr sink
		g      given
	)
	last := container.CleanupCtx(func(p trace.TracerProvider, log *zap.Logger) lifecycle.Hook {
		do := func(what string) func(context.Context) error {
			return func(ctx context.Context) error {
				_, s := p.Tracer("test").Start(ctx, what)
				s.End()
				telemetry.Log(ctx, log).Info(what + "d")
				return nil
			}
		}
		return lifecycle.Hook{Name: "cache", Setup: lifecycle.StartStop(do("acquire"), do("release"))}
	})
	app := container.New(process(&stderr, "APP_NAME=shop", "OTEL_EXPORTER_OTLP_ENDPOINT="+url),
		container.Module, telemetry.Module, last, fx.Invoke(func(got given) { g = got }))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Log.Debug("too early")
	g.Level.SetLevel(zap.DebugLevel)
	g.Log.Debug("by zap")
	g.Slog.Debug("by slog")
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := stderr.String()
	for _, want := range []string{`"by zap","service":"shop"`, "by slog", "released", "application stopped"} {
		if !strings.Contains(got, want) {
			t.Errorf("the log has no %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "too early") {
		t.Errorf("the log has a record below its level:\n%s", got)
	}
	want := []string{
		"start", "start > start cache", "start > start cache > acquire", "start > start telemetry.run",
		"stop", "stop > stop cache", "stop > stop cache > release", "stop > stop telemetry.run",
	}
	traces := paths(t, requests)
	for _, start := range []string{"start container.closeUnclaimed", "stop container.closeUnclaimed"} {
		delete(traces, strings.Fields(start)[0]+" > "+start)
	}
	if got := slices.Sorted(maps.Keys(traces)); !slices.Equal(got, want) {
		t.Errorf("the spans are %q; want %q", got, want)
	}
	for _, hook := range []string{"start", "stop"} {
		if id := traces[hook].GetTraceId(); !strings.Contains(got, fmt.Sprintf(`"trace_id":"%x"`, id)) {
			t.Errorf("the log has no record with trace_id %x, of the %s:\n%s", id, hook, got)
		}
	}
	if otel.GetTracerProvider() != before {
		t.Error("the module assigned a package variable of OpenTelemetry")
	}
}

// paths returns all spans that came, by the names of those above it and its own.
func paths(t *testing.T, requests chan received) map[string]*tracepb.Span {
	t.Helper()
	byID := make(map[string]*tracepb.Span)
	for len(requests) > 0 {
		for _, r := range (<-requests).traces.GetResourceSpans() {
			for _, scope := range r.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					byID[string(s.GetSpanId())] = s
				}
			}
		}
	}
	named := make(map[string]*tracepb.Span)
	for _, s := range byID {
		path := s.GetName()
		for above := byID[string(s.GetParentSpanId())]; above != nil; above = byID[string(above.GetParentSpanId())] {
			if string(above.GetTraceId()) != string(s.GetTraceId()) {
				t.Errorf("%q is of another trace than %q above it", s.GetName(), above.GetName())
			}
			path = above.GetName() + " > " + path
		}
		named[path] = s
	}
	return named
}

func TestAFailedHookMarksItsSpanAndTheWhole(t *testing.T) {
	t.Parallel()

	url, requests := receiver(t)
	fails := func(name string, start, stop error) fx.Option {
		give := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
		return container.CleanupCtx(func() lifecycle.Hook {
			return lifecycle.Hook{Name: name, Setup: lifecycle.StartStop(give(start), give(stop))}
		})
	}
	app := container.New(process(new(sink), "OTEL_EXPORTER_OTLP_ENDPOINT="+url), container.Module, telemetry.Module,
		fails("cache", nil, errors.New("cannot close")), fails("queue", errors.New("no route"), nil), fx.Invoke(func(given) {}))
	if err := app.Start(t.Context()); err == nil {
		t.Fatal("Start = nil; want the error of the queue")
	}
	traces := paths(t, requests)
	for path, want := range map[string]string{
		"start": "no route", "start > start queue": "no route", "start > start cache": "",
		"stop": "cannot close", "stop > stop cache": "cannot close", "stop > stop telemetry.run": "",
	} {
		span := traces[path]
		if got := span.GetStatus().GetMessage(); span == nil || want == "" && got != "" || !strings.HasSuffix(got, want) {
			t.Errorf("the span %s has status %q; want %q", path, got, want)
		}
	}
}

// A start that was given up succeeds before the stop begins, and is undone.
func TestALateStartIsUndoneBesideTheTraceOfTheStop(t *testing.T) {
	t.Parallel()

	url, requests := receiver(t)
	late, undone := make(chan struct{}), make(chan struct{})
	between := fx.Provide(fx.Annotate(func() lifecycle.Observer {
		return func(ctx context.Context, e lifecycle.Event) context.Context {
			switch {
			case e.Begins:
			case e.Hook == nil && e.Op == "start":
				close(late)
				<-undone
			case e.Hook != nil && e.Hook.Name == "queue" && e.Op == "stop":
				close(undone)
			}
			return ctx
		}
	}, fx.ResultTags(`group:"container.observers"`)))
	app := container.New(process(new(sink), "OTEL_EXPORTER_OTLP_ENDPOINT="+url), container.Module, telemetry.Module, fx.Invoke(func(given) {}), between,
		container.CleanupCtx(func() lifecycle.Hook {
			return lifecycle.Hook{Name: "queue", StartTimeout: time.Millisecond, Setup: func(context.Context) (lifecycle.Cleanup, error) {
				<-late
				return func(context.Context) error { return errors.New("cannot close") }, nil
			}}
		}))
	if err := app.Start(t.Context()); !errors.Is(err, lifecycle.ErrAbandoned) {
		t.Errorf("Start = %v; want the queue left behind", err)
	}
	if traces := paths(t, requests); traces["stop"] == nil || traces["start > start queue"].GetStatus().GetMessage() == "" {
		t.Errorf("the spans are %v; want that of the stop, and the start of the queue failed", slices.Sorted(maps.Keys(traces)))
	}
}

func TestMetricsTellOfHooksStatesAndChecks(t *testing.T) {
	t.Parallel()

	check := fx.Provide(fx.Annotate(func() health.Check {
		return health.Ready.Check("queue", func(context.Context) error { return errors.New("full") })
	}, fx.ResultTags(`group:"health"`)))
	var g given
	app := container.New(process(new(sink)), container.Module, telemetry.Module, check, fx.Invoke(func(got given) { g = got }))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	running := testkit.Series(t, g.Registry)
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := testkit.Series(t, g.Registry)
	for series, want := range map[string]float64{
		"lifecycle_state running": 1, "lifecycle_state starting": 0, "health_check_up queue ready": 0,
	} {
		if got, ok := running[series]; !ok || got != want {
			t.Errorf("%s = %v, %t; want %v", series, got, ok, want)
		}
	}
	if running["lifecycle_state stopped"] != 0 || stopped["lifecycle_state stopped"] != 1 {
		t.Error("lifecycle_state does not tell of the stop")
	}
	for _, op := range []string{"start", "stop"} {
		series := "lifecycle_hook_duration_seconds telemetry.run " + op + " observe"
		if _, early := running[series]; early != (op == "start") || stopped[series] <= 0 {
			t.Errorf("%s is %v after the stop; want more than 0, and none before it was called", series, stopped[series])
		}
	}
}

func TestAWrongVariableIsAFaultOfConfiguration(t *testing.T) {
	t.Parallel()

	var stderr sink
	code := container.Run(t.Context(), process(&stderr, "OTEL_EXPORTER_OTLP_ENDPOINT=collector"),
		container.Module, telemetry.Module, fx.Invoke(func(given) {}))
	if got := stderr.String(); code != 2 || !strings.Contains(got, "OTEL_EXPORTER_OTLP_ENDPOINT: it is no URL") {
		t.Errorf("Run = %d, and said %q; want 2 and the variable", code, got)
	}
}

func TestTheStopClosesWhatClientsLeftOpen(t *testing.T) {
	t.Parallel()

	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	server.Start()
	defer server.Close()
	var transport http.RoundTripper
	app := container.New(process(new(sink)), container.Module, telemetry.Module, fx.Populate(&transport))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil { // so that the connection is used again
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("a connection is open after the stop")
	}
}
