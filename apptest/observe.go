package apptest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"

	"example.com/ostov/modules/container"
)

// Record waits for a record in the application's log, as it stands on stderr,
// and returns it: the first one with this message whose fields have the given
// values, keys and values in turn. Level, time and the like are fields, too.
//
//	app.Record("request", "route", "/hello/:name", "status", 200)
//
// The log is written a moment after the fact: that is waited for, and 10 seconds
// without it fail the test.
func (a *App) Record(message string, fields ...any) map[string]any {
	a.t.Helper()
	want := map[string]any{"msg": message}
	for i := 0; i+1 < len(fields); i += 2 {
		want[fmt.Sprint(fields[i])] = asJSON(fields[i+1])
	}
	record, others := a.records.wait(func(r map[string]any) bool {
		for key, value := range want {
			if !reflect.DeepEqual(r[key], value) {
				return false
			}
		}
		return true
	})
	if record == nil {
		a.t.Fatalf("no log record has %v; there are\n%v", want, others)
	}
	return record
}

// Traced makes the application record its spans, for [App.Span]. Without it
// traces are off, as in an application without an OTEL_ variable.
func Traced() fx.Option { return traced{fx.Options()} }

type traced struct{ fx.Option }

// Span waits for a span of this name that has ended, and returns the first: of a
// request "GET /hello/:name", of a line the name of its server, of a task its
// name, of a start "start" and below it "start " and the name of each hook. Ten
// seconds without it fail the test.
func (a *App) Span(name string) sdktrace.ReadOnlySpan {
	a.t.Helper()
	if !a.traced {
		a.t.Fatalf("no span %q: start the application with apptest.Traced()", name)
	}
	span, others := a.spans.wait(func(s sdktrace.ReadOnlySpan) bool { return s.Name() == name })
	if span == nil {
		var names []string
		for _, s := range others {
			names = append(names, s.Name())
		}
		a.t.Fatalf("no span %q has ended; there are %q", name, names)
	}
	return span
}

// Metric returns what a metric is now, by the name that it has in /metrics (of a
// histogram that with _count or _sum), added up over all series that have these
// labels, names and values in turn:
//
//	app.Metric("http_server_request_duration_seconds_count", "route", "/hello/:name", "status", "200")
//
// It is 0 where there is no such series yet; a name that nobody registered fails
// the test. What a request counts is there once its answer is read to the end,
// what a task counts once its span has ended or who waits for it has the result.
func (a *App) Metric(name string, labels ...string) (sum float64) {
	a.t.Helper()
	families, err := a.metrics.Gather()
	if err != nil {
		a.t.Fatalf("metric %s: %v", name, err)
	}
	for _, f := range families {
		part, ofThis := strings.CutPrefix(name, f.GetName())
		if !ofThis {
			continue
		}
		for _, m := range f.GetMetric() {
			has := make(map[string]string)
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			differs := false
			for i := 0; i+1 < len(labels); i += 2 {
				value, ok := has[labels[i]]
				differs = differs || !ok || value != labels[i+1]
			}
			switch {
			case differs:
			case part == "_count":
				sum += float64(m.GetHistogram().GetSampleCount())
			case part == "_sum":
				sum += m.GetHistogram().GetSampleSum()
			case part == "":
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
			}
		}
	}
	if !registered(a.metrics, name) {
		a.t.Fatalf("no metric is called %s: see /metrics of the admin server for those that are", name)
	}
	return sum
}

// registered tells whether a metric of the name was registered, with or without
// a series.
func registered(r *prometheus.Registry, name string) bool {
	described := make(chan *prometheus.Desc)
	go func() {
		defer close(described)
		r.Describe(described)
	}()
	found := false
	for d := range described {
		for _, part := range []string{"", "_count", "_sum"} {
			found = found || strings.Contains(d.String(), fmt.Sprintf("fqName: %q", strings.TrimSuffix(name, part)))
		}
	}
	return found
}

// observed is what a test sees of its application.
type observed struct {
	records journal[map[string]any]
	spans   journal[sdktrace.ReadOnlySpan]
	traced  bool
	metrics *prometheus.Registry
}

// options make the application show itself, where the options of a test ask so.
func (o *observed) options(given []fx.Option) []fx.Option {
	options := []fx.Option{fx.Populate(&o.metrics)}
	o.traced = slices.ContainsFunc(given, func(option fx.Option) bool { _, ok := option.(traced); return ok })
	if o.traced {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans{&o.spans}))
		options = append(options, container.Override[trace.TracerProvider](provider))
	}
	return options
}

// spans keeps those that have ended.
type spans struct {
	ended *journal[sdktrace.ReadOnlySpan]
}

func (spans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (s spans) OnEnd(span sdktrace.ReadOnlySpan)              { s.ended.add(span) }
func (spans) Shutdown(context.Context) error                  { return nil }
func (spans) ForceFlush(context.Context) error                { return nil }

// journal keeps what came, for who waits for it.
type journal[T any] struct {
	mu   sync.Mutex
	all  []T
	more chan struct{} // closes with the next; nil: nobody waits
}

func (j *journal[T]) add(t T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, t)
	if j.more != nil {
		close(j.more)
		j.more = nil
	}
}

// wait returns the first that matches, or after a while all that came.
func (j *journal[T]) wait(match func(T) bool) (found T, others []T) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		j.mu.Lock()
		all := j.all
		if j.more == nil {
			j.more = make(chan struct{})
		}
		more := j.more
		j.mu.Unlock()
		if i := slices.IndexFunc(all, match); i >= 0 {
			return all[i], nil
		}
		select {
		case <-more:
		case <-late.C:
			return found, all
		}
	}
}

// stderr shows the application's log where the test fails or is verbose, and
// keeps its records.
type stderr struct {
	t       testing.TB
	records *journal[map[string]any]
}

func (s stderr) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil {
			s.records.add(record)
		}
	}
	s.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// asJSON returns v as it is read back from JSON.
func asJSON(v any) (read any) {
	text, err := json.Marshal(v)
	if err != nil || json.Unmarshal(text, &read) != nil {
		return v
	}
	return read
}
