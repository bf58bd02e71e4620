package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/modules/jobs"
)

func TestAStopWaitsForJobsThatRun(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		client := working(t, openDB(t, url), func(ctx context.Context, _ *river.Job[Call]) error {
			close(begun)
			<-goOn
			return ctx.Err()
		})
		inserted, err := client.Insert(t.Context(), Call{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-begun
		stopped := make(chan error)
		go func() { stopped <- client.Stop(t.Context()) }()
		close(goOn)
		if err := <-stopped; err != nil {
			t.Errorf("Stop = %v", err)
		}
		jobstest.Wait(t, client, inserted.Job.ID, rivertype.JobStateCompleted)
	})
}

// Contract B144.
// Whatever the worker makes of the end of its context, the attempt does not count.
func TestAJobThatAStopInterruptsLosesNoAttempt(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		begun := make(chan struct{}, 2)
		client := describe(t, openDB(t, url), func(p *jobs.Params) { p.Config.StopTimeout = 6 * time.Second },
			jobs.Register(&caller{work: func(ctx context.Context, job *river.Job[Call]) error {
				begun <- struct{}{}
				<-ctx.Done()
				if job.Args.Name == "wraps" {
					return errors.New("interrupted")
				}
				return ctx.Err()
			}}))
		start(t, client)
		inserted, err := client.InsertMany(t.Context(), []river.InsertManyParams{
			{Args: Call{Name: "returns"}}, {Args: Call{Name: "wraps"}, InsertOpts: &river.InsertOpts{MaxAttempts: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		<-begun
		<-begun
		err = client.Stop(t.Context())
		if err != nil && strings.Contains(err.Error(), "no job runs") { // a busy machine may be late, once, to write what became of them
			err = client.Stop(t.Context())
		}
		if err != nil {
			t.Errorf("Stop = %v", err)
		}
		for _, i := range inserted {
			if job := jobstest.Wait(t, client, i.Job.ID, rivertype.JobStateAvailable); job.Attempt != 0 || len(job.Errors) != 0 {
				t.Errorf("%s: attempt %d, errors %v; want none of either", job.EncodedArgs, job.Attempt, job.Errors)
			}
		}
	})
}

func TestAJobThatIgnoresTheStopIsNamedAndLeft(t *testing.T) {
	t.Parallel()

	begun, ended := make(chan struct{}), make(chan struct{})
	client := describe(t, openDB(t, databasetest.SQLite(t)), func(p *jobs.Params) { p.Config.StopTimeout = 200 * time.Millisecond },
		jobs.Register(&caller{work: func(context.Context, *river.Job[Call]) error {
			close(begun)
			<-ended
			return nil
		}}))
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Insert(t.Context(), Call{}, nil); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := client.Stop(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "left running: call 1") {
		t.Errorf("Stop = %v; want it to name the job", err)
	}
	close(ended)
	for client.Stop(t.Context()) != nil { // all ends after all
		if t.Context().Err() != nil {
			t.Fatal("the client never stops")
		}
	}
}

// Contract B145.
func TestNoJobBeginsOnceTheApplicationStops(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		stopping := make(chan struct{})
		begun := make(chan string, 10)
		client := describe(t, openDB(t, url), func(p *jobs.Params) { p.Stopping = stopping }, jobs.Register(&caller{
			work: func(_ context.Context, job *river.Job[Call]) error { begun <- job.Args.Name; return nil },
		}))
		start(t, client)
		jobstest.Work(t, client, Call{Name: "before"})
		close(stopping)
		if _, err := client.Insert(t.Context(), Call{Name: "after"}, nil); err != nil {
			t.Errorf("Insert while the application stops = %v; want it to be taken, for another process", err)
		}
		if err := client.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(begun)
		var got []string
		for name := range begun {
			got = append(got, name)
		}
		if strings.Join(got, " ") != "before" {
			t.Errorf("the jobs begun are %v; want the one from before the stop", got)
		}
	})
}

// A process that dies leaves its jobs marked as running.
func TestWithSQLiteJobsLeftRunningAreFreedAtTheStart(t *testing.T) {
	t.Parallel()

	db := openDB(t, databasetest.SQLite(t))
	client := describe(t, db, nil, jobs.Register(&caller{work: func(context.Context, *river.Job[Call]) error { return nil }}))
	inserted, err := client.InsertMany(t.Context(), []river.InsertManyParams{{Args: Call{}}, {Args: Call{}, InsertOpts: &river.InsertOpts{MaxAttempts: 1}}, {Args: Call{}}})
	if err != nil {
		t.Fatal(err)
	}
	change(t, db, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now', '+1 hour')") // by a clock that was wrong
	if _, err := client.Cancel(t.Context(), inserted[2].Job.ID); err != nil {                                       // which nobody heard
		t.Fatal(err)
	}
	start(t, client)
	if job := jobstest.Wait(t, client, inserted[0].Job.ID, rivertype.JobStateCompleted); job.Attempt != 2 || len(job.Errors) != 1 {
		t.Errorf("completed at attempt %d with errors %v; want 2 and one", job.Attempt, job.Errors)
	}
	if job := jobstest.Wait(t, client, inserted[1].Job.ID, rivertype.JobStateDiscarded); len(job.Errors) != 1 {
		t.Errorf("discarded with errors %v; want one that says that the process ended", job.Errors)
	}
	jobstest.Wait(t, client, inserted[2].Job.ID, rivertype.JobStateCancelled)
}
