// Package jobstest works one job in a test, and waits for what becomes of it. Only
// test files import it.
package jobstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/modules/jobs"
)

// limit is how long a test waits: only a test that fails waits so long.
const limit = time.Minute

// Work inserts a job, waits until it has been worked once, and returns it: completed,
// or with what went wrong in its Errors.
func Work(t testing.TB, client *jobs.Client, args river.JobArgs) *rivertype.JobRow {
	t.Helper()
	inserted, err := client.Insert(t.Context(), args, nil)
	if err != nil {
		t.Fatal(err)
	}
	return wait(t, client, inserted.Job.ID, "worked", func(job *rivertype.JobRow) bool {
		return job.State != rivertype.JobStateRunning && (job.Attempt > 0 || job.State == rivertype.JobStateCancelled)
	})
}

// Wait waits until a job is in one of the states, and returns it.
func Wait(t testing.TB, client *jobs.Client, id int64, states ...rivertype.JobState) *rivertype.JobRow {
	t.Helper()
	return wait(t, client, id, states, func(job *rivertype.JobRow) bool { return slices.Contains(states, job.State) })
}

func wait(t testing.TB, client *jobs.Client, id int64, what any, so func(*rivertype.JobRow) bool) *rivertype.JobRow {
	t.Helper()
	events, cancel := client.Subscribe(river.EventKindJobCancelled, river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobSnoozed)
	defer cancel()
	ctx, done := context.WithTimeout(t.Context(), limit)
	defer done()
	look := time.NewTicker(100 * time.Millisecond) // not every change is an event, and another process may work the job
	defer look.Stop()
	for {
		job, err := client.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if so(job) {
			return job
		}
		select {
		case _, open := <-events:
			if !open {
				events = nil
			}
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("job %d (%s) is %s after %v, at attempt %d; want it %v", id, job.Kind, job.State, limit, job.Attempt, what)
		}
	}
}
