package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/jobs"
)

func TestAJobBelongsToTheTraceOfWhoInsertedIt(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		spans := tracetest.NewSpanRecorder()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
		inside := make(chan trace.SpanContext, 2)
		client := describe(t, openDB(t, url), func(p *jobs.Params) { p.Traces = provider }, jobs.Register(&caller{
			work: func(ctx context.Context, _ *river.Job[Call]) error {
				inside <- trace.SpanContextFromContext(ctx)
				return nil
			},
		}))
		starting, span := provider.Tracer("test").Start(t.Context(), "start")
		if err := client.Start(starting); err != nil {
			t.Fatal(err)
		}
		span.End()
		t.Cleanup(func() { _ = client.Stop(context.WithoutCancel(t.Context())) })

		ctx, request := provider.Tracer("test").Start(t.Context(), "request")
		inserted, err := client.Insert(ctx, Call{}, &river.InsertOpts{Metadata: []byte(`{"mine": 1}`)})
		request.End()
		if err != nil {
			t.Fatal(err)
		}
		job := jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateCompleted)
		if got := <-inside; got.TraceID() != request.SpanContext().TraceID() || got.SpanID() == request.SpanContext().SpanID() {
			t.Errorf("the job ran in the trace %v; want a span of its own in that of the request, %v", got.TraceID(), request.SpanContext().TraceID())
		}
		if !strings.Contains(string(job.Metadata), `"mine": 1`) && !strings.Contains(string(job.Metadata), `"mine":1`) {
			t.Errorf("the metadata is %s; want that of the inserter kept", job.Metadata)
		}
		jobstest.Work(t, client, Call{})
		if got := <-inside; got.TraceID() == span.SpanContext().TraceID() {
			t.Error("a job without a trace belongs to that of the start")
		}
		if !slices.ContainsFunc(spans.Ended(), func(s sdktrace.ReadOnlySpan) bool {
			return s.Name() == "job call" && s.SpanKind() == trace.SpanKindConsumer
		}) {
			t.Error("there is no span of the job")
		}
	})
}

func TestJobsAreCountedByHowTheyEnd(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	client := describe(t, openDB(t, databasetest.SQLite(t)), func(p *jobs.Params) { p.Metrics = registry }, jobs.Register(&caller{
		work: func(_ context.Context, job *river.Job[Call]) error {
			switch {
			case job.Args.Name == "fails":
				return errors.New("boom")
			case job.Args.Name == "panics":
				panic("boom")
			case job.Args.Name == "snoozes" && !strings.Contains(string(job.Metadata), "snoozes"):
				return river.JobSnooze(0)
			case job.Args.Name == "cancels":
				return river.JobCancel(errors.New("enough"))
			default:
				return nil
			}
		},
	}))
	start(t, client)
	for name, state := range map[string]rivertype.JobState{
		"fails": rivertype.JobStateDiscarded, "panics": rivertype.JobStateDiscarded, "snoozes": rivertype.JobStateCompleted,
		"cancels": rivertype.JobStateCancelled, "works": rivertype.JobStateCompleted,
	} {
		inserted, err := client.Insert(t.Context(), Call{Name: name}, &river.InsertOpts{MaxAttempts: 2})
		if err != nil {
			t.Fatal(err)
		}
		jobstest.Wait(t, client, inserted.Job.ID, state)
	}
	var got []string
	for series, n := range testkit.Series(t, registry) {
		if !strings.Contains(series, "_sum ") {
			got = append(got, fmt.Sprintf("%s %v", series, n))
		}
	}
	slices.Sort(got)
	want := []string{
		"jobs_inserted_total call default 5",
		"jobs_run_duration_seconds call cancelled default 1",
		"jobs_run_duration_seconds call completed default 2",
		"jobs_run_duration_seconds call discarded default 2",
		"jobs_run_duration_seconds call failed default 2",
		"jobs_run_duration_seconds call snoozed default 1",
		"jobs_running default 0",
		"jobs_wait_duration_seconds call default 8",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the metrics are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestASnapshotCountsWhatIsNotOver(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := describe(t, db, nil, jobs.Register(&caller{}))
		for _, queue := range []string{"mail", "default", "mail"} {
			if _, err := client.Insert(t.Context(), Call{}, &river.InsertOpts{Queue: queue}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := client.Snapshot(t.Context()); err != nil || fmt.Sprint(got) != "[{default 1 0 0 0 0} {mail 2 0 0 0 0}]" {
			t.Errorf("Snapshot = %v, %v; want 1 in default and 2 in mail", got, err)
		}
	})
}
