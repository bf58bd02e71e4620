package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/dispatcher"
)

// Contract B63.
// The table of policies: what a run ends with, and what follows.
func TestWhatFollowsTheEndOfARun(t *testing.T) {
	t.Parallel()

	ends := map[string]func() error{
		"nil":       func() error { return nil },
		"error":     func() error { return errBoom },
		"done":      func() error { return fmt.Errorf("all words read: %w", dispatcher.ErrDone) },
		"panic":     func() error { panic("boom") },
		"cancelled": func() error { return context.Canceled }, // by nobody
		"goexit": func() error {
			runtime.Goexit()
			return nil
		},
	}
	tests := []struct {
		end     string
		restart dispatcher.Restart
		want    dispatcher.State
	}{
		{"nil", dispatcher.OnFailure, dispatcher.Ended},
		{"nil", dispatcher.Always, dispatcher.Waiting},
		{"nil", dispatcher.Never, dispatcher.Ended},
		{"error", dispatcher.OnFailure, dispatcher.Waiting},
		{"error", dispatcher.Always, dispatcher.Waiting},
		{"error", dispatcher.Never, dispatcher.Failed},
		{"done", dispatcher.OnFailure, dispatcher.Ended},
		{"done", dispatcher.Always, dispatcher.Ended},
		{"done", dispatcher.Never, dispatcher.Ended},
		{"panic", dispatcher.OnFailure, dispatcher.Waiting},
		{"panic", dispatcher.Never, dispatcher.Failed},
		{"goexit", dispatcher.OnFailure, dispatcher.Waiting},
		{"goexit", dispatcher.Never, dispatcher.Failed},
		{"cancelled", dispatcher.Never, dispatcher.Failed},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s under %d", tt.end, tt.restart), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var last context.Context
				b := started(t, nil, dispatcher.Service{Name: "words", Restart: tt.restart, Run: func(ctx context.Context) error {
					if last != nil && last.Err() == nil {
						t.Error("the context of the run before has not ended")
					}
					last = ctx
					return ends[tt.end]()
				}})
				synctest.Wait()
				s := b.state(t, "words")
				if s.State != tt.want {
					t.Errorf("the task is %s; want %s", s.State, tt.want)
				}
				failures := 1
				if tt.end == "nil" || tt.end == "done" {
					failures = 0
				}
				if s.Failures != failures || (s.Error == "") != (failures == 0) {
					t.Errorf("the task has %d failures, the last %q; want %d", s.Failures, s.Error, failures)
				}
				if gaveUp := len(b.shutdown.asked()) > 0; gaveUp != (tt.want == dispatcher.Failed) {
					t.Errorf("the application was to stop: %v", b.shutdown.asked())
				}
				if s.State == dispatcher.Waiting {
					<-time.After(time.Until(s.Next))
					synctest.Wait()
					if again := b.state(t, "words"); again.Starts != 2 || again.Restarts != 1 {
						t.Errorf("after its pause the task is %+v; want 2 starts, one of them a restart", again)
					}
				}
				b.stop(t)
			})
		})
	}
}

// Contract B73, reliability 30.
func TestATaskThatPanicsForeverIsRestartedSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		flapping, sibling := newClock(), newClock()
		b := started(t, nil,
			dispatcher.Service{Name: "flapping", MaxRestarts: -1, Run: func(context.Context) error {
				flapping.tick()
				panic("the 30th word")
			}},
			dispatcher.Service{Name: "sibling", Run: func(ctx context.Context) error {
				sibling.tick()
				if len(sibling.ticks()) == 1 {
					<-time.After(5 * time.Second)
					return errBoom
				}
				return untilTold(ctx)
			}},
		)
		<-time.After(10 * time.Minute)
		synctest.Wait()

		ticks := flapping.ticks()
		early := slices.IndexFunc(ticks, func(d time.Duration) bool { return d > 10*time.Second })
		if early > 6 {
			t.Errorf("%d starts in the first 10s: %v; want 6 at most", early, ticks)
		}
		spread := false
		for i := 1; i < len(ticks); i++ {
			most := min(500*time.Millisecond<<min(i-1, 10), 30*time.Second)
			if pause := ticks[i] - ticks[i-1]; pause < most/2 || pause > most {
				t.Errorf("pause %d is %v; want %v to %v", i, pause, most/2, most)
			} else if pause < most {
				spread = true
			}
		}
		if !spread {
			t.Error("no pause is shortened by chance")
		}
		if least := int(10*time.Minute/(30*time.Second)) - 1; len(ticks) < least {
			t.Errorf("%d starts in 10m; want %d or more", len(ticks), least)
		}
		if again := sibling.ticks(); len(again) != 2 || again[1]-5*time.Second > time.Second {
			t.Errorf("the sibling ran at %v; want a second time within 1s of its failure at 5s", again)
		}
		records := b.logs.FilterMessage("task failed").FilterLevelExact(zapcore.ErrorLevel).All()
		panics := 0
		for _, r := range records {
			fields := r.ContextMap()
			if fields["task"] != "flapping" {
				continue
			}
			panics++
			if fields["error"] != "panic: the 30th word" || !strings.Contains(r.Stack, "service_test.go") {
				t.Fatalf("record %v; want the panic's value and the stack of its place", fields)
			}
		}
		if panics != len(ticks) {
			t.Errorf("%d of %d panics were logged as errors", panics, len(ticks))
		}
		b.stop(t)
	})
}

func TestTheBackoffBeginsAnewAfterAQuietWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ticks := newClock()
		b := started(t, nil, dispatcher.Service{
			Name: "words", Window: time.Minute, MaxRestarts: 4, Backoff: time.Second,
			Run: func(ctx context.Context) error {
				ticks.tick()
				if len(ticks.ticks())%4 != 0 {
					return errBoom
				}
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(time.Minute): // long enough to forget the three before
					return errBoom
				}
			},
		})
		<-time.After(5 * time.Minute)
		if asked := b.shutdown.asked(); asked != nil {
			t.Errorf("the application was to stop: %v; want 4 restarts within a minute to be harmless", asked)
		}
		got := ticks.ticks()
		if len(got) < 9 {
			t.Fatalf("runs at %v; want 9 or more", got)
		}
		if pause := got[4] - got[3] - time.Minute; pause > time.Second {
			t.Errorf("after a quiet window the pause is %v; want 1s at most, as at first", pause)
		}
		b.stop(t)
	})
}

// Contract B72, reliability 38.
func TestATaskThatUsesUpItsRestartsGivesUp(t *testing.T) {
	t.Parallel()

	tests := []struct {
		giveUp   dispatcher.GiveUp
		restart  dispatcher.Restart
		end      error // of each run
		state    dispatcher.State
		starts   int
		cause    string
		degraded bool
	}{
		{dispatcher.StopApplication, dispatcher.OnFailure, errBoom, dispatcher.Failed, 4, `service "words": gave up: more than 3 restarts in 5m0s: boom`, false},
		{dispatcher.StopApplication, dispatcher.Always, nil, dispatcher.Failed, 4, `service "words": gave up: more than 3 restarts in 5m0s: it returned nil`, false},
		{dispatcher.StopApplication, dispatcher.Never, errBoom, dispatcher.Failed, 1, `service "words": gave up: boom`, false},
		{dispatcher.Ignore, dispatcher.OnFailure, errBoom, dispatcher.Failed, 4, "", false},
		{dispatcher.Degrade, dispatcher.Never, errBoom, dispatcher.Failed, 1, "", true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d under %d", tt.giveUp, tt.restart), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := started(t, nil, dispatcher.Service{
					Name: "words", MaxRestarts: 3, GiveUp: tt.giveUp, Restart: tt.restart,
					Run: func(context.Context) error { return tt.end },
				})
				<-time.After(time.Minute)
				if s := b.state(t, "words"); s.State != tt.state || s.Starts != tt.starts || s.Degraded != tt.degraded {
					t.Errorf("the task is %+v; want it %s after %d starts, degraded %v", s, tt.state, tt.starts, tt.degraded)
				}
				asked := b.shutdown.asked()
				switch {
				case tt.cause == "" && asked != nil:
					t.Errorf("the application was to stop: %v", asked)
				case tt.cause != "" && (len(asked) != 1 || asked[0].Error() != tt.cause || tt.end != nil && !errors.Is(asked[0], tt.end)):
					t.Errorf("the application was to stop for %v; want once, for %s", asked, tt.cause)
				}
				err := dispatcher.Check(t.Context(), b.Dispatcher)
				if (err != nil) != tt.degraded || err != nil && err.Error() != `service "words": boom` {
					t.Errorf("the health check says %v; want it to fail: %v", err, tt.degraded)
				}
				b.stop(t)
			})
		})
	}
}

func TestALimitOfManyRestartsIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, nil, dispatcher.Service{
			Name: "words", MaxRestarts: 200, Backoff: time.Millisecond, MaxBackoff: time.Millisecond, GiveUp: dispatcher.Ignore,
			Run: func(context.Context) error { return errBoom },
		})
		<-time.After(time.Minute)
		if s := b.state(t, "words"); s.State != dispatcher.Failed || s.Starts != 201 {
			t.Errorf("the task is %+v; want it given up after 200 restarts", s)
		}
		b.stop(t)
	})
}

func TestADegradedTaskIsRestartedOnAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		b := started(t, nil, dispatcher.Service{
			Name: "words", GiveUp: dispatcher.Degrade, MaxRestarts: 2, MaxBackoff: 10 * time.Second,
			Run: func(ctx context.Context) error {
				if broken.Load() {
					return errBoom
				}
				return untilTold(ctx)
			},
		})
		<-time.After(100 * time.Millisecond)
		if err := dispatcher.Check(t.Context(), b.Dispatcher); err != nil {
			t.Errorf("after its first failure the check says %v; want restarts to be tried first", err)
		}
		<-time.After(time.Minute)
		if err := dispatcher.Check(t.Context(), b.Dispatcher); err == nil || !strings.Contains(err.Error(), `"words"`) {
			t.Errorf("after a minute the check says %v; want it to name the task", err)
		}
		if n := b.logged("task failed, the application is not ready"); n == 0 {
			t.Error("nobody was told")
		}
		broken.Store(false)
		<-time.After(10 * time.Second) // the longest pause
		if s := b.state(t, "words"); s.State != dispatcher.Running || !s.Degraded {
			t.Errorf("the task is %+v; want it to run and not to be trusted yet", s)
		}
		<-time.After(10 * time.Second)
		if err := dispatcher.Check(t.Context(), b.Dispatcher); err != nil {
			t.Errorf("when it has run for MaxBackoff the check says %v", err)
		}
		b.stop(t)
	})
}

func TestRestartsMayBeReadyAgainOrNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late func()
		b := started(t, nil, dispatcher.Service{Name: "words", RunReady: func(ctx context.Context, ready func()) error {
			if late == nil {
				late = ready
				ready()
				return errBoom
			}
			late() // of a run that is over
			return untilTold(ctx)
		}})
		<-time.After(time.Second)
		if s := b.state(t, "words"); s.State != dispatcher.Starting || s.Starts != 2 {
			t.Errorf("the task is %+v; want its second run, which is not ready", s)
		}
		b.stop(t)
	})
}

func TestTheLogHasEachState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		b := started(t, nil, dispatcher.Service{Name: "words", RunReady: func(ctx context.Context, ready func()) error {
			runs++
			ready()
			ready() // a second time means nothing
			if runs == 1 {
				<-time.After(time.Second)
				return errBoom
			}
			return untilTold(ctx)
		}})
		<-time.After(time.Minute)
		b.stop(t)
		want := []dispatcher.State{
			dispatcher.Starting, dispatcher.Running, dispatcher.Waiting,
			dispatcher.Starting, dispatcher.Running, dispatcher.Ended,
		}
		records := b.logs.FilterField(zap.String("task", "words")).All()
		var got []dispatcher.State
		for _, r := range records {
			got = append(got, dispatcher.State(r.ContextMap()["state"].(string)))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("logged %v; want %v", got, want)
		}
		failed := records[2].ContextMap()
		if next, _ := failed["next_in"].(time.Duration); failed["error"] != "boom" || failed["took"] != time.Second || next <= 0 {
			t.Errorf("the failure was logged as %v; want its error, how long the run took and when the next is due", failed)
		}
		if b.runs(t, "words", "error") != 1 || b.runs(t, "words", "ok") != 1 {
			t.Errorf("metrics are %v; want one run that failed and one that did not", testkit.Series(t, b.metrics))
		}
	})
}
