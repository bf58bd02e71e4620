package jobs

import (
	"time"

	"github.com/riverqueue/river"
)

// Every makes a periodic job that runs once in every tick, which begin at multiples
// of the duration since the year 1, in UTC: also where the process that inserts them
// dies, is stopped or hangs. One that was missed meanwhile is made up for as long as
// its tick lasts. Two jobs of equal arguments are one and the same.
//
// The queue, priority and attempts are those of the arguments' InsertOpts.
func Every(tick time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(ticks(tick), func() (river.JobArgs, *river.InsertOpts) {
		return args, onceIn(tick, args)
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

func onceIn(tick time.Duration, args river.JobArgs) *river.InsertOpts {
	opts := new(river.InsertOpts)
	if own, ok := args.(river.JobArgsWithInsertOpts); ok {
		*opts = own.InsertOpts()
	}
	opts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByPeriod: tick}
	return opts
}

// ticks is a schedule that all processes share.
type ticks time.Duration

// Next implements river.PeriodicSchedule.
func (t ticks) Next(now time.Time) time.Time {
	return now.UTC().Truncate(time.Duration(t)).Add(time.Duration(t))
}
