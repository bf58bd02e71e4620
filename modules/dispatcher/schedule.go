package dispatcher

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/internal/constructor"
)

// Schedule is work by the clock. Runs never overlap, and however many times pass
// while one is late, one run follows. A run that fails or panics is logged, and
// the schedule goes on; ErrDone ends it. No run begins once the application is
// stopping. A run's context ends with the run, or when the dispatcher stops.
type Schedule struct {
	Name string // in logs, metrics and errors; no two tasks share one
	Run  func(ctx context.Context) error

	// Every is the period, from the begin of a run to that of the next, whatever the
	// clock on the wall does. The first run is at the start; one that takes longer is
	// followed at once. Jitter (at most Every) delays each run by a random time up to
	// it, so that replicas do not move in step; the delays do not add up.
	Every, Jitter time.Duration

	// Cron is given instead of Every: five fields (minute, hour, day of month,
	// month, day of week) or @hourly, @daily, @weekly, @monthly, @yearly.
	//
	// Where the clock changes to or from summer time, a text that names hours
	// ("30 2 * * *") runs once for each of its times: one that the change skips,
	// at the change; one that comes twice, the first time. A text of every hour
	// ("*/15 * * * *") goes on evenly.
	Cron string
	Zone string // where Cron's clock hangs, such as "Europe/Berlin"; empty: UTC

	// CatchUp makes up for times of Cron that were missed, with one run at once;
	// else they are skipped. A time is missed where no run could begin within a
	// minute: another was under way, the machine slept, the clock was set forward.
	// Set back by up to an hour, it repeats no time; by more, it was wrong before.
	CatchUp bool
}

const (
	grace   = time.Minute // how late a run may begin before its time is missed
	setBack = time.Hour   // how far the clock is set back where it was wrong before
)

func (s Schedule) adopt(t *task) (f faults) {
	t.state.Name, t.state.Kind = s.Name, schedule
	table := &timetable{Schedule: s, task: t}
	t.plan, t.stopping = table, t.d.p.Stopping

	f.add(s.Name == "", "no name; it runs %s", constructor.Name(s.Run))
	f.add(s.Run == nil, "no function; want Run")
	f.add(s.Every < 0, "Every is %v; want more than 0", s.Every)
	f.add((s.Every == 0) == (s.Cron == ""), "want either Every or Cron")
	f.add(s.Jitter < 0 || s.Jitter > max(s.Every, 0), "Jitter is %v; want 0 to Every, which is %v", s.Jitter, s.Every)
	f.add(s.Cron == "" && (s.Zone != "" || s.CatchUp), "Zone and CatchUp are for Cron")
	if s.Cron != "" {
		var err error
		if table.times, err = parseCron(s.Cron, s.Zone); err == nil {
			t.state.Next = table.times.next(time.Now())
		}
		f.add(err != nil, "Cron is %q in zone %q: %w", s.Cron, cmp.Or(s.Zone, "UTC"), err)
	}
	return f
}

// timetable is the plan of a schedule: when it runs next.
type timetable struct {
	Schedule
	task *task

	next   time.Time     // Every: the next run
	jitter time.Duration // its part in that

	times *cronTimes
	seen  time.Time // Cron: the wall clock's time up to which all is dealt with
}

func (s *timetable) due(now time.Time) time.Time {
	if s.times == nil {
		if s.next.IsZero() {
			s.after(now)
		}
		return s.next
	}
	wall := s.task.d.wall(now)
	if due := s.dueOnTheWall(wall); !due.IsZero() {
		return now.Add(due.Sub(wall)).In(s.times.zone)
	}
	return time.Time{}
}

// after sets the next run of Every to t and a random time.
func (s *timetable) after(t time.Time) {
	s.jitter = rand.N(s.Jitter + 1)
	s.next = t.Add(s.jitter)
}

// dueOnTheWall returns the next of Cron's times by the clock on the wall.
func (s *timetable) dueOnTheWall(now time.Time) time.Time {
	if s.seen.IsZero() || s.seen.Sub(now) > setBack {
		s.seen = now
	}
	due := s.times.next(s.seen)
	if s.CatchUp || due.IsZero() || now.Sub(due) < grace {
		return due
	}
	s.task.d.p.Log.Warn("schedule skips what it missed", zap.String("task", s.Name), zap.Time("since", due))
	s.seen = now.Add(-grace)
	return s.times.next(s.seen)
}

func (s *timetable) run(ctx context.Context) error {
	if s.times == nil {
		s.after(time.Now().Add(s.Every - s.jitter))
	} else {
		s.seen = s.task.d.wall(time.Now())
	}
	return s.Run(ctx)
}

func (s *timetable) judge(time.Time, error) (state State, degraded bool) { return Waiting, false }
