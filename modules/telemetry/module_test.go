package telemetry_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
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
	last := container.CleanupCtx(func(p trace.TracerProvider, log *zap.Logger) lifecycle.Setup {
		return lifecycle.StartStop(nil, func(ctx context.Context) error {
			_, s := p.Tracer("test").Start(ctx, "release")
			s.End()
			log.Info("released")
			return nil
		})
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
	if name := (<-requests).traces.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName(); name != "release" {
		t.Errorf("the span of a stop is %q; want release", name)
	}
	if otel.GetTracerProvider() != before {
		t.Error("the module assigned a package variable of OpenTelemetry")
	}
}

func TestTwoApplicationsShareNoRegistry(t *testing.T) {
	t.Parallel()

	registries := make(map[*prometheus.Registry]bool)
	for range 2 {
		app := container.New(process(new(sink)), container.Module, telemetry.Module)
		g, err := container.Get[given](app)
		if err != nil {
			t.Fatal(err)
		}
		if g.Registerer != prometheus.Registerer(g.Registry) || g.Registerer == prometheus.DefaultRegisterer {
			t.Error("the Registerer is not the application's own Registry")
		}
		registries[g.Registry] = true
		if err := app.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(registries) != 2 {
		t.Error("two applications share a registry")
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

func TestAStderrThatNobodyReadsHoldsNoApplication(t *testing.T) {
	t.Parallel()

	_, stalled := pipe(t)
	p := process(nil)
	p.Stderr = stalled
	var g given
	app := container.New(p, container.Module, telemetry.Module, fx.Invoke(func(got given) { g = got }))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 20_000 {
		g.Log.Info("served")
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("Stop = %v; want a clean stop", err)
	}
	if dropped := gather(t, g.Registry)["log_records_dropped_total"].GetMetric()[0].GetCounter().GetValue(); dropped == 0 {
		t.Error("log_records_dropped_total is 0; want what nobody read")
	}
}
