package dispatcher_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/dispatcher"
)

// Contract B70.
func TestThePeriodIsMeasuredFromBeginToBegin(t *testing.T) {
	t.Parallel()

	const s = time.Second
	tests := []struct {
		name  string
		takes []time.Duration // one run after the other
		want  []time.Duration
	}{
		{"runs that take no time", []time.Duration{0, 0, 0}, []time.Duration{0, 10 * s, 20 * s}},
		{"runs that take a part of the period", []time.Duration{4 * s, 9 * s, 0}, []time.Duration{0, 10 * s, 20 * s}},
		{"a late run is followed at once", []time.Duration{13 * s, 0, 0}, []time.Duration{0, 13 * s, 23 * s}},
		{"a very late run is followed by one, not by all that it held up", []time.Duration{55 * s, 0, 0}, []time.Duration{0, 55 * s, 65 * s}},
		{"runs that are always late follow each other", []time.Duration{12 * s, 12 * s, 12 * s}, []time.Duration{0, 12 * s, 24 * s}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ticks := newClock()
				var running atomic.Int32
				b := started(t, nil, dispatcher.Schedule{Name: "words", Every: 10 * s, Run: func(context.Context) error {
					ticks.tick()
					if running.Add(1) > 1 {
						t.Error("two runs overlap")
					}
					defer running.Add(-1)
					n := len(ticks.ticks())
					<-time.After(tt.takes[n-1])
					if n == len(tt.takes) {
						return dispatcher.ErrDone
					}
					return nil
				}})
				<-time.After(time.Hour)
				if got := ticks.ticks(); !slices.Equal(got, tt.want) {
					t.Errorf("runs began at %v; want %v", got, tt.want)
				}
				if s := b.state(t, "words"); s.State != dispatcher.Ended || s.Failures != 0 {
					t.Errorf("the schedule is %+v; want it ended, by ErrDone, without a failure", s)
				}
				b.stop(t)
			})
		})
	}
}

func TestJitterDelaysRunsAndDoesNotAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ticks := newClock()
		b := started(t, nil, dispatcher.Schedule{Name: "words", Every: time.Minute, Jitter: 20 * time.Second, Run: func(context.Context) error {
			ticks.tick()
			return nil
		}})
		<-time.After(100 * time.Minute)
		got := ticks.ticks()
		if len(got) != 100 {
			t.Errorf("%d runs in 100 minutes; want 100", len(got))
		}
		delays := make(map[time.Duration]bool)
		for i, at := range got {
			delay := at - time.Duration(i)*time.Minute
			if delay < 0 || delay > 20*time.Second {
				t.Errorf("run %d began %v after its time; want 0s to 20s", i, delay)
			}
			delays[delay] = true
		}
		if len(delays) < 50 {
			t.Errorf("100 runs had only %d different delays", len(delays))
		}
		b.stop(t)
	})
}

// Contract B69.
func TestAScheduleGoesOnAfterAFailedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		b := started(t, nil,
			dispatcher.Schedule{Name: "failing", Every: time.Minute, Run: func(context.Context) error {
				if runs++; runs%2 == 0 {
					panic(errBoom)
				}
				return errBoom
			}},
			dispatcher.Schedule{Name: "healthy", Every: time.Minute, Run: nothing},
		)
		<-time.After(59*time.Minute + time.Second)
		s := b.state(t, "failing")
		if s.State != dispatcher.Waiting || s.Starts != 60 || s.Failures != 60 || s.Error == "" || s.Restarts != 0 || time.Until(s.Next) != 59*time.Second {
			t.Errorf("the failing one is %+v; want it waiting for 59s more, with 60 failures", s)
		}
		if s := b.state(t, "healthy"); s.Starts != 60 || s.Failures != 0 {
			t.Errorf("its sibling is %+v; want 60 runs", s)
		}
		for _, r := range b.logs.FilterMessage("task failed").All() {
			if r.ContextMap()["task"] != "failing" {
				t.Errorf("logged %v; want the failing task's name", r.ContextMap())
			}
		}
		if n := b.logged("task failed"); n != 60 || b.shutdown.asked() != nil {
			t.Errorf("%d failures were logged and the application was to stop for %v; want 60, and nothing", n, b.shutdown.asked())
		}
		b.stop(t)
	})
}

func TestNoRunBeginsOnceTheApplicationStops(t *testing.T) {
	t.Parallel()

	for name, schedule := range map[string]dispatcher.Schedule{
		"Every": {Every: time.Minute},
		"Cron":  {Cron: "* * * * *"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int32
				schedule.Name = "words"
				schedule.Run = func(ctx context.Context) error {
					if runs.Add(1) == 3 {
						<-time.After(90 * time.Second)
					}
					return ctx.Err()
				}
				b := started(t, nil, schedule, dispatcher.Service{Name: "letters", Run: untilTold})
				for runs.Load() < 3 {
					<-time.After(time.Second)
				}
				close(b.stopping) // while a run is under way, which may end
				<-time.After(time.Hour)
				if n := runs.Load(); n != 3 {
					t.Errorf("%d runs; want the 3 that had begun", n)
				}
				if s := b.state(t, "words"); s.State != dispatcher.Ended || s.Failures != 0 {
					t.Errorf("the schedule is %+v; want it ended quietly", s)
				}
				if s := b.state(t, "letters"); s.State != dispatcher.Running {
					t.Errorf("the service is %s; want it running until the stop", s.State)
				}
				b.stop(t)
			})
		})
	}
}

// wallClock is a clock on the wall, which can be set.
type wallClock struct{ ahead atomic.Int64 }

func (w *wallClock) shows(now time.Time) time.Time {
	return now.Add(time.Duration(w.ahead.Load())).Round(0)
}
func (w *wallClock) set(by time.Duration) { w.ahead.Add(int64(by)) }

// runsOf starts a schedule and returns the list of the times, by the clock on the
// wall, at which its runs began.
func runsOf(t *testing.T, wall *wallClock, s dispatcher.Schedule, run func(n int)) func() []string {
	t.Helper()
	var at []string
	s.Name = "words"
	s.Run = func(context.Context) error {
		at = append(at, wall.shows(time.Now()).UTC().Format("02 15:04:05"))
		run(len(at))
		return nil
	}
	b := newBench(t, nil, s)
	dispatcher.SetWallClock(b.Dispatcher, wall.shows)
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return func() []string {
		b.stop(t)
		return at
	}
}

// The clock of a synctest bubble begins on 2000-01-01 at 00:00 UTC.
func TestCronRunsAtItsTimes(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name     string
		schedule dispatcher.Schedule
		lasts    time.Duration
		takes    map[int]time.Duration // the n-th run
		want     []string
	}{
		{
			name: "each quarter", schedule: dispatcher.Schedule{Cron: "*/15 * * * *"}, lasts: time.Hour,
			want: []string{"01 00:15:00", "01 00:30:00", "01 00:45:00", "01 01:00:00"},
		},
		{
			name: "each night in Berlin", schedule: dispatcher.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, lasts: 49 * time.Hour,
			want: []string{"01 01:30:00", "02 01:30:00"},
		},
		{
			name: "a run a little late is followed at once", schedule: dispatcher.Schedule{Cron: "* * * * *"}, lasts: 4 * time.Minute,
			takes: map[int]time.Duration{1: 80 * time.Second},
			want:  []string{"01 00:01:00", "01 00:02:20", "01 00:03:00", "01 00:04:00"},
		},
		{
			name: "what a long run misses is skipped", schedule: dispatcher.Schedule{Cron: "0 * * * *"}, lasts: 5 * time.Hour,
			takes: map[int]time.Duration{1: 150 * time.Minute},
			want:  []string{"01 01:00:00", "01 04:00:00", "01 05:00:00"},
		},
		{
			name: "or made up for, once", schedule: dispatcher.Schedule{Cron: "0 * * * *", CatchUp: true}, lasts: 5 * time.Hour,
			takes: map[int]time.Duration{1: 150 * time.Minute},
			want:  []string{"01 01:00:00", "01 03:30:00", "01 04:00:00", "01 05:00:00"},
		},
		{
			name: "of many missed minutes the last is in time", schedule: dispatcher.Schedule{Cron: "* * * * *"}, lasts: 13 * time.Minute,
			takes: map[int]time.Duration{1: 10*time.Minute + 20*time.Second},
			want:  []string{"01 00:01:00", "01 00:11:20", "01 00:12:00", "01 00:13:00"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stop := runsOf(t, new(wallClock), tt.schedule, func(n int) { <-time.After(tt.takes[n]) })
				<-time.After(tt.lasts)
				synctest.Wait()
				if got := stop(); !slices.Equal(got, tt.want) {
					t.Errorf("ran at %q; want %q", got, tt.want)
				}
			})
		})
	}
}

func TestCronFollowsAWallClockThatIsSet(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name    string
		catchUp bool
		set     time.Duration // at 01:30:01; it is looked at next at 01:30:30
		want    []string      // of "0 * * * *", in 3 hours
	}{
		{"a little forward", false, 10 * time.Minute, []string{"01 01:00:00", "01 02:00:00", "01 03:00:00"}},
		{"forward over a time, just", false, 30*time.Minute + 10*time.Second, []string{"01 01:00:00", "01 02:00:40", "01 03:00:00"}},
		{"forward over times, which are skipped", false, 5*time.Hour + 10*time.Minute, []string{"01 01:00:00", "01 07:00:00", "01 08:00:00"}},
		{"forward over times, made up for", true, 5*time.Hour + 10*time.Minute, []string{"01 01:00:00", "01 06:40:30", "01 07:00:00", "01 08:00:00"}},
		{"a little back: no time comes twice", false, -40 * time.Minute, []string{"01 01:00:00", "01 02:00:00"}},
		{"far back: from a wrong time to the right one", false, -1000 * time.Hour, []string{"01 01:00:00", "20 10:00:00", "20 11:00:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				wall := new(wallClock)
				stop := runsOf(t, wall, dispatcher.Schedule{Cron: "0 * * * *", CatchUp: tt.catchUp}, func(int) {})
				<-time.After(90*time.Minute + time.Second)
				wall.set(tt.set)
				<-time.After(90 * time.Minute)
				if got := stop(); !slices.Equal(got, tt.want) {
					t.Errorf("ran at %q; want %q", got, tt.want)
				}
			})
		})
	}
}

func TestTheNextTimeOfCronIsToldInItsZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil, dispatcher.Schedule{Name: "words", Cron: "30 2 * * *", Zone: "Europe/Berlin", Run: nothing})
		<-time.After(time.Minute)
		if next := b.state(t, "words").Next.String(); next != "2000-01-01 02:30:00 +0100 CET" {
			t.Errorf("the next run is at %s; want half past two in Berlin", next)
		}
		b.stop(t)
	})
}

func TestCronThatDoesNotComeForYearsEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, dispatcher.Schedule{Name: "words", Cron: "0 0 29 2 *", Run: nothing})
		dispatcher.SetWallClock(b.Dispatcher, func(now time.Time) time.Time { return now.AddDate(97, 0, 0) }) // 2100 is no leap year
		if err := b.Start(t.Context()); err != nil {
			t.Fatalf("Start: %v", err)
		}
		synctest.Wait()
		if s := b.state(t, "words"); s.State != dispatcher.Ended || s.Starts != 0 {
			t.Errorf("the schedule is %+v; want it ended without a run", s)
		}
		b.stop(t)
	})
}

func TestARunThatBeginsDuringTheStopIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told error
		b := newBench(t, nil, dispatcher.Schedule{Name: "words", Cron: "* * * * *", Run: func(ctx context.Context) error {
			told = context.Cause(ctx)
			return nil
		}})
		dispatcher.SetWallClock(b.Dispatcher, func(now time.Time) time.Time {
			if now.Minute() == 1 && told == nil { // a run is about to begin
				go b.stop(t)
				<-time.After(time.Millisecond) // all are told
			}
			return now
		})
		if err := b.Start(t.Context()); err != nil {
			t.Fatalf("Start: %v", err)
		}
		<-time.After(2 * time.Minute)
		b.stop(t)
		if !errors.Is(told, dispatcher.ErrStopping) {
			t.Errorf("the run's context ended by %v; want ErrStopping", told)
		}
	})
}

func TestEveryKnowsNoWallClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wall, runs := new(wallClock), 0
		stop := runsOf(t, wall, dispatcher.Schedule{Every: time.Minute}, func(n int) {
			wall.set(time.Duration(n%3-1) * 100 * time.Hour)
			runs++
		})
		<-time.After(59*time.Minute + time.Second)
		stop()
		if runs != 60 {
			t.Errorf("%d runs in an hour in which the clock was set 40 times; want 60", runs)
		}
	})
}

// Reliability 37: what a task leaves running bears its name in profiles.
func TestGoroutinesThatATaskLeaksBearItsName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leak := make(chan struct{})
		runs := 0
		b := started(t, nil, dispatcher.Schedule{Name: "leaky", Every: time.Second, Run: func(context.Context) error {
			go func() { <-leak }()
			if runs++; runs == 1000 {
				return dispatcher.ErrDone
			}
			return nil
		}})
		<-time.After(time.Hour)
		n := 0
		for _, g := range lifecycle.Goroutines() {
			if g.Label("dispatcher.task") == "leaky" {
				n += g.Count
			}
		}
		if n != 1000 {
			t.Errorf("the profile shows %d goroutines with the task's label; want 1000", n)
		}
		close(leak)
		b.stop(t)
	})
}
