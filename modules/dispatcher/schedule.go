package dispatcher

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// Schedule is work by the clock. Runs never overlap, and however many times pass
// while one is late, one run follows. A run that fails or panics is logged, and
// the schedule goes on; ErrDone ends it. A run's context ends with the run.
//
// No run begins once the application is stopping; a run under way is told by its
// context when the dispatcher stops.
type Schedule struct {
	Name string // in logs, metrics and errors; no two tasks share one
	Run  func(ctx context.Context) error

	// Every is the period, from the begin of a run to that of the next. The first
	// run is at the start; one that takes longer than the period is followed at
	// once. Changes of the wall clock mean nothing to it.
	Every time.Duration

	// Jitter delays each run of Every by a random time up to it, so that replicas
	// do not move in step. The delays do not add up. At most Every.
	Jitter time.Duration

	// Cron is given instead of Every: five fields (minute, hour, day of month,
	// month, day of week) or @hourly, @daily, @weekly, @monthly, @yearly.
	//
	// Where the clock changes to or from summer time, a text that names hours
	// ("30 2 * * *") runs once for each of its times: one that the change skips,
	// at the change; one that comes twice, the first time. A text of every hour
	// ("*/15 * * * *") goes on evenly.
	Cron string

	// Zone is where Cron's clock hangs, such as "Europe/Berlin"; empty is UTC.
	Zone string

	// CatchUp makes up for times of Cron that were missed with one run at once.
	// A time is missed where no run could begin within a minute of it: another
	// was under way, the machine slept, the clock was set forward. Without
	// CatchUp what is missed is skipped. After the clock is set back no time is
	// repeated, unless it is set back by more than an hour.
	CatchUp bool
}

const (
	// grace is how late a run may begin before its time counts as missed.
	grace = time.Minute

	// look is how often the wall clock is looked at, which may be set.
	look = grace / 2

	// setBack is how far the wall clock is set back before it counts as wrong
	// until then.
	setBack = time.Hour
)

func (s Schedule) adopt(t *task) (f faults) {
	t.state.Name, t.state.Kind = s.Name, schedule
	table := &timetable{Schedule: s, task: t}
	t.plan = table

	f.add(s.Name == "", "no name; it runs %s", funcName(s.Run))
	f.add(s.Run == nil, "no function; want Run")
	f.add(s.Every < 0, "Every is %v; want more than 0", s.Every)
	f.add((s.Every == 0) == (s.Cron == ""), "want either Every or Cron")
	f.add(s.Jitter < 0 || s.Jitter > max(s.Every, 0), "Jitter is %v; want 0 to Every, which is %v", s.Jitter, s.Every)
	f.add(s.Cron == "" && (s.Zone != "" || s.CatchUp), "Zone and CatchUp are for Cron")
	if s.Cron != "" {
		var err error
		table.times, err = parseCron(s.Cron, s.Zone)
		f.add(err != nil, "%w", err)
	}
	return f
}

// timetable is the plan of a schedule: when it runs next.
type timetable struct {
	Schedule
	task *task

	begun time.Time // Every: the last run, without its jitter

	times *cronTimes
	seen  time.Time // Cron: the wall clock's time up to which all is dealt with
}

func (s *timetable) wait() bool {
	if s.times != nil {
		return s.waitCron()
	}
	now := time.Now()
	due, jitter := now, time.Duration(0)
	if !s.begun.IsZero() {
		due = s.begun.Add(s.Every)
	}
	if s.Jitter > 0 && !due.Before(now) { // what is late is not delayed
		jitter = rand.N(s.Jitter + 1)
	}
	s.task.plans(due.Add(jitter))
	ok := sleep(due.Add(jitter).Sub(now), s.task.d.told, s.task.d.stopping)
	s.begun = time.Now().Add(-jitter)
	return ok
}

func (s *timetable) waitCron() bool {
	for {
		now := s.wallClock()
		due := s.due(now)
		if due.IsZero() {
			return false
		}
		s.task.plans(due)
		if !sleep(min(due.Sub(now), look), s.task.d.told, s.task.d.stopping) {
			return false
		}
		if !due.After(now) {
			s.seen = now
			return true
		}
	}
}

// due returns the next of Cron's times, which is not after now where a run is to
// begin at once.
func (s *timetable) due(now time.Time) time.Time {
	if s.seen.IsZero() || s.seen.Sub(now) > setBack {
		s.seen = now
	}
	due := s.times.next(s.seen)
	if s.CatchUp || due.IsZero() || now.Sub(due) < grace {
		return due
	}
	s.task.d.log.Warn("schedule skips what it missed", zap.String("task", s.Name), zap.Time("since", due))
	s.seen = now.Add(-grace)
	return s.times.next(s.seen)
}

func (s *timetable) wallClock() time.Time { return s.task.d.now().Round(0) }

func (s *timetable) run(ctx context.Context) error { return s.Run(ctx) }

func (s *timetable) judge(now time.Time, err error) *verdict {
	switch {
	case errors.Is(err, ErrDone):
		return nil
	case s.times != nil:
		return &verdict{state: Waiting, next: s.due(s.wallClock())}
	default:
		next := s.begun.Add(s.Every)
		if next.Before(now) {
			next = now
		}
		return &verdict{state: Waiting, next: next}
	}
}
