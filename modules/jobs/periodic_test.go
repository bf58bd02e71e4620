package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"example.com/ostov/apptest/databasetest"
	"example.com/ostov/modules/jobs"
)

func TestAPeriodicJobRunsOnceATickHoweverManyInsertIt(t *testing.T) {
	t.Parallel()

	databasetest.Each(t, func(t *testing.T, url string) {
		db := openDB(t, url)
		ticks := make(chan time.Time, 100)
		tick := func() *jobs.Client {
			return describe(t, db, func(p *jobs.Params) { p.Periodic = []*river.PeriodicJob{jobs.Every(time.Second, Call{})} },
				jobs.Register(&caller{work: func(_ context.Context, job *river.Job[Call]) error {
					ticks <- job.ScheduledAt.Truncate(time.Second)
					return nil
				}}))
		}
		// One leader after the other, within the same ticks.
		seen := make(map[time.Time]bool)
		for range 3 {
			client := tick()
			if err := client.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			at := <-ticks
			if err := client.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			for {
				if seen[at] {
					t.Fatalf("the tick %v ran twice", at)
				}
				seen[at] = true
				if len(ticks) == 0 {
					break
				}
				at = <-ticks
			}
		}
	})
}

// urgent is a kind with options of its own.
type urgent struct{ Call }

func (urgent) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "urgent", Priority: 2} }

func TestAPeriodicJobKeepsTheOptionsOfItsKind(t *testing.T) {
	t.Parallel()

	opts := jobs.OnceIn(time.Hour, urgent{})
	if opts.Queue != "urgent" || opts.Priority != 2 || !opts.UniqueOpts.ByArgs || opts.UniqueOpts.ByPeriod != time.Hour {
		t.Errorf("the options are %+v; want those of the kind, once an hour for equal arguments", opts)
	}
}
