package telemetry

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// lastSpans is the most that a stop waits until the spans are sent.
const lastSpans = 2 * time.Second

// Traces gives an application its spans and sends them where the standard OTEL_
// variables say: to an OTLP receiver over HTTP, in batches. Without
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or
// OTEL_TRACES_EXPORTER=otlp, or with OTEL_SDK_DISABLED=true, there are none.
//
// Only the limits of a span (OTEL_SPAN_..., OTEL_ATTRIBUTE_...) are read by
// OpenTelemetry from the environment of the process itself.
type Traces struct {
	provider  *sdktrace.TracerProvider // nil: off
	exporter  *exporter
	batches   []sdktrace.BatchSpanProcessorOption
	processor sdktrace.SpanProcessor // from Start on
}

// NewTraces returns the traces of a service whose variables, NAME=value each,
// are environ. It connects to nothing. A wrong variable is a *config.Error.
func NewTraces(environ []string, service string, log *zap.Logger) (*Traces, error) {
	t := &Traces{}
	v := newVariables(environ)
	if !v.tracing() {
		return t, v.err()
	}
	t.exporter = &exporter{
		Exporter: otlptrace.NewUnstarted(newClient(v)),
		log:      log,
		done:     make(chan struct{}),
	}
	queue := v.number("OTEL_BSP_MAX_QUEUE_SIZE", sdktrace.DefaultMaxQueueSize)
	t.batches = []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithMaxQueueSize(queue),
		sdktrace.WithMaxExportBatchSize(min(queue, v.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", sdktrace.DefaultMaxExportBatchSize))),
		sdktrace.WithBatchTimeout(v.millis("OTEL_BSP_SCHEDULE_DELAY", sdktrace.DefaultScheduleDelay)),
		sdktrace.WithExportTimeout(v.millis("OTEL_BSP_EXPORT_TIMEOUT", sdktrace.DefaultExportTimeout)),
	}
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithResource(v.resource(service)),
		sdktrace.WithSampler(v.sampler()),
	)
	return t, v.err()
}

// Provider returns where tracers come from: one that does nothing where traces
// are off.
func (t *Traces) Provider() trace.TracerProvider {
	if t.provider == nil {
		return noop.NewTracerProvider()
	}
	return t.provider
}

// Propagator returns the W3C headers traceparent, tracestate and baggage.
func Propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// Start begins to send the spans that end from now on.
func (t *Traces) Start(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	t.exporter.life, t.exporter.release = context.WithCancel(context.WithoutCancel(ctx))
	if err := t.exporter.Start(ctx); err != nil {
		return err
	}
	t.processor = sdktrace.NewBatchSpanProcessor(t.exporter, t.batches...)
	t.provider.RegisterSpanProcessor(t.processor)
	return nil
}

// Stop sends what is left, until ctx ends or 2 seconds: then the rest is dropped,
// which the log tells. There are no spans afterwards. It follows a Start.
func (t *Traces) Stop(ctx context.Context) {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastSpans)
	defer cancel()
	_ = t.processor.Shutdown(ctx) // the exporter tells of what is dropped
	t.exporter.release()
	<-t.exporter.done // at once: what was under way has just been cancelled
	_ = t.provider.Shutdown(ctx)
}

// exporter tells the log what OpenTelemetry would tell its error handler, which
// is one for the whole process, and can be made to give up.
type exporter struct {
	*otlptrace.Exporter

	log     *zap.Logger
	life    context.Context // ends what is under way
	release context.CancelFunc
	done    chan struct{} // closes when it is shut down
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	err := e.Exporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.failing.Swap(true):
		e.log.Warn("spans dropped, as long as nothing else is told", zap.Int("spans", len(spans)), zap.Error(err))
	case err == nil && e.failing.Swap(false):
		e.log.Info("spans are sent again")
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(ctx context.Context) error {
	defer close(e.done)
	return e.Exporter.Shutdown(context.WithoutCancel(ctx)) // it only closes idle connections
}

// tracing tells whether there is somewhere to send spans to.
func (v *variables) tracing() bool {
	if strings.EqualFold(v.values["OTEL_SDK_DISABLED"], "true") {
		return false
	}
	switch exporter := v.values["OTEL_TRACES_EXPORTER"]; exporter {
	case "otlp":
		return true
	case "":
		_, endpoint := v.otlp("ENDPOINT")
		return endpoint != ""
	case "none":
	default:
		v.reject("OTEL_TRACES_EXPORTER", "%q is not built in; want otlp or none", exporter)
	}
	return false
}

// resource says who made the spans. The standard variables win over the name
// in the configuration, which has a default.
func (v *variables) resource(service string) *resource.Resource {
	attributes := []attribute.KeyValue{
		semconv.TelemetrySDKName("opentelemetry"),
		semconv.TelemetrySDKLanguageGo,
		semconv.TelemetrySDKVersion(sdk.Version()),
		semconv.ServiceName(service),
	}
	v.pairs("OTEL_RESOURCE_ATTRIBUTES", false, func(key, value string) {
		attributes = append(attributes, attribute.String(key, value)) // the last one of a key counts
	})
	if name := v.values["OTEL_SERVICE_NAME"]; name != "" {
		attributes = append(attributes, semconv.ServiceName(name))
	}
	return resource.NewWithAttributes(semconv.SchemaURL, attributes...)
}

// sampler says which traces are recorded: by default all, unless who called
// decided otherwise.
func (v *variables) sampler() sdktrace.Sampler {
	name := v.values["OTEL_TRACES_SAMPLER"]
	root, ofParent := strings.CutPrefix(name, "parentbased_")
	var s sdktrace.Sampler
	switch root {
	case "":
		return sdktrace.ParentBased(sdktrace.AlwaysSample())
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		s = sdktrace.TraceIDRatioBased(v.ratio("OTEL_TRACES_SAMPLER_ARG"))
	default:
		v.reject("OTEL_TRACES_SAMPLER", "%q is unknown; want always_on, always_off, traceidratio or one of them after parentbased_", name)
		return nil
	}
	if ofParent {
		s = sdktrace.ParentBased(s)
	}
	return s
}

func (v *variables) ratio(name string) float64 {
	text := v.values[name]
	if text == "" {
		return 1
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 0 || f > 1 {
		v.reject(name, "%q is no number from 0 to 1", text)
	}
	return f
}
