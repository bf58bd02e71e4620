package jobs_test

import (
	"context"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/apptest/jobstest"
	"example.com/ostov/modules/jobs"
)

type otherWorker struct{ river.WorkerDefaults[Other] }

func (*otherWorker) Work(context.Context, *river.Job[Other]) error { return nil }

// Contract B146.
// A program that does not know a kind leaves its jobs to those that do.
func TestAKindThatTheProgramDoesNotKnowIsPutBack(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		inserted, err := describe(t, db, nil, jobs.Register(&otherWorker{})).Insert(t.Context(), Other{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		older := working(t, db, func(context.Context, *river.Job[Call]) error { return nil })
		if job := jobstest.Wait(t, older, inserted.Job.ID, rivertype.JobStateScheduled); job.Attempt != 0 || len(job.Errors) != 0 {
			t.Errorf("attempt %d, errors %v; want none of either", job.Attempt, job.Errors)
		}
	})
}

// Nor does it discard them as the leader, where their process died: what it rescues
// is of kinds that it knows, and the others are in nobody's way.
func TestALeaderRescuesWhatItKnows(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		client := describe(t, db, nil, jobs.Register(&caller{}), jobs.Register(&otherWorker{}))
		var all []river.InsertManyParams
		for i := range 30 {
			args := river.JobArgs(Other{})
			if i%10 == 9 {
				args = Call{}
			}
			all = append(all, river.InsertManyParams{Args: args})
		}
		if _, err := client.InsertMany(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		change(t, db, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP")
		for _, most := range []int{2, 3, 4, 100} {
			got, err := jobs.Stuck(t.Context(), client, most, "call")
			if want := min(most, 3); err != nil || len(got) != want {
				t.Errorf("of 3 known among 27 unknown, at most %d are rescued: %v, %v; want %d", most, got, err, want)
			}
		}
		if got, err := jobs.Stuck(t.Context(), client, 100, "call", "other"); err != nil || len(got) != 30 {
			t.Errorf("%d are rescued where all are known, %v; want 30", len(got), err)
		}
	})
}
