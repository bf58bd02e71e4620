package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/dispatcher"
)

// Contract B71, reliability 33.
func TestWhatIgnoresTheStopIsNamedAndLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ignores := func(context.Context) error {
			<-release
			return nil
		}
		var others atomic.Int32
		b := started(t, nil,
			dispatcher.Service{Name: "deaf, \"and\" blind", Run: ignores},
			dispatcher.Schedule{Name: "late", Every: time.Hour, Run: ignores},
			dispatcher.Service{Name: "healthy", Run: func(ctx context.Context) error {
				defer others.Add(1)
				return untilTold(ctx)
			}},
		)
		b.hand(t, "thumbnail", ignores)
		<-time.After(3 * time.Hour)
		begun := time.Now()
		err := b.Stop(t.Context())
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("the stop took %v; want 5s, its limit", took)
		}
		want := `service "deaf, \"and\" blind" ignores the stop: it has run for 3h0m5s and is left behind
schedule "late" ignores the stop: it has run for 3h0m5s and is left behind
once "thumbnail" ignores the stop: it has run for 3h0m5s and is left behind`
		if err == nil || err.Error() != want {
			t.Errorf("Stop:\n%v\nwant:\n%s", err, want)
		}
		if others.Load() != 1 {
			t.Error("the healthy task did not end")
		}
		records := b.logs.FilterMessage("task ignores the stop and is left behind").All()
		if len(records) != 3 {
			t.Fatalf("%d were logged; want 3", len(records))
		}
		for _, r := range records {
			fields := r.ContextMap()
			if !strings.Contains(r.Stack, "TestWhatIgnoresTheStopIsNamedAndLeftBehind") {
				t.Errorf("record %v; want the stack of what holds the task", fields)
			}
			if fields["took"] != 3*time.Hour+5*time.Second {
				t.Errorf("record %v; want its age", fields)
			}
		}
		if s := b.state(t, "late"); s.State != dispatcher.Abandoned {
			t.Errorf("the task is %s; want abandoned", s.State)
		}
		close(release) // or the test would leak, as the application does
		synctest.Wait()
		if s := b.state(t, "late"); s.State != dispatcher.Ended {
			t.Errorf("the task is %s when it has ended after all; want ended", s.State)
		}
	})
}

// Reliability 39.
func TestAllTasksStopSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tasks []dispatcher.Work
		for i := range 200 {
			tasks = append(tasks, dispatcher.Service{Name: fmt.Sprint(i), Run: func(ctx context.Context) error {
				<-ctx.Done()
				<-time.After(time.Second)
				return nil
			}})
		}
		b := started(t, nil, tasks...)
		synctest.Wait()
		begun := time.Now()
		b.stop(t)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("200 tasks that take 1s each took %v; want 1s", took)
		}
	})
}

func TestOneShotsGoOnWhileThereIsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, func(p *dispatcher.Params) { p.Config.Workers = 1 })
		var ran atomic.Int32
		for range 3 { // one runs, two are queued
			b.hand(t, "thumbnail", func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					t.Error("it was told to end")
				case <-time.After(time.Second):
					ran.Add(1)
				}
				return nil
			})
		}
		begun := time.Now()
		b.stop(t)
		if took := time.Since(begun); took != 3*time.Second || ran.Load() != 3 {
			t.Errorf("the stop took %v and %d ran; want 3s and 3", took, ran.Load())
		}
	})
}

func TestOneShotsForWhichThereIsNoTimeAreToldOrNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := started(t, func(p *dispatcher.Params) { p.Config.Workers = 1 })
		begun := time.Now()
		b.hand(t, "long", func(ctx context.Context) error {
			<-ctx.Done()
			if told := time.Since(begun); told != 4*time.Second || !errors.Is(context.Cause(ctx), dispatcher.ErrStopping) {
				t.Errorf("told after %v because of %v; want after 4s of 5s because of the stop", told, context.Cause(ctx))
			}
			return ctx.Err()
		})
		for _, name := range []string{"thumbnail", "mail", "thumbnail"} {
			b.hand(t, name, func(context.Context) error {
				t.Error("it was begun")
				return nil
			})
		}
		waited := make(chan error, 1)
		go func() { waited <- b.Wait(t.Context(), "asked", nothing) }()
		synctest.Wait()
		err := b.Stop(t.Context())
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("the stop took %v; want 4s, when the long one was told", took)
		}
		want := `4 one-shots not begun before the stop: ["asked" "mail" "thumbnail"]`
		if err == nil || err.Error() != want {
			t.Errorf("Stop:\n%v\nwant:\n%s", err, want)
		}
		if err := <-waited; !errors.Is(err, dispatcher.ErrStopping) {
			t.Errorf("Wait: %v; want ErrStopping", err)
		}
		if begun, cut := b.logged("task was not begun before the stop"), b.logs.FilterLevelExact(zapcore.WarnLevel).FilterMessage("task was cut short by the stop").Len(); begun != 4 || cut != 1 {
			t.Errorf("logged %d that were not begun and %d that were cut short; want 4 and 1", begun, cut)
		}
	})
}

func TestTheEndOfTheStopsContextCountsWhereItIsEarlier(t *testing.T) {
	t.Parallel()

	deadline := func(left time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, left) }
	}
	tests := []struct {
		name string
		ends func(context.Context) (context.Context, context.CancelFunc)
		want time.Duration
	}{
		{"after the limit", deadline(time.Hour), 5 * time.Second},
		{"before it, with time for the report", deadline(2 * time.Second), 1900 * time.Millisecond},
		{"soon", deadline(100 * time.Millisecond), 50 * time.Millisecond},
		{"at once", deadline(0), 0},
		{"by a cancellation", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				b := started(t, nil, dispatcher.Service{Name: "deaf", Run: func(context.Context) error {
					<-release
					return nil
				}})
				synctest.Wait()
				ctx, cancel := tt.ends(t.Context())
				defer cancel()
				begun := time.Now()
				err := b.Stop(ctx)
				if took := time.Since(begun); took != tt.want || err == nil || !strings.Contains(err.Error(), `"deaf" ignores the stop`) {
					t.Errorf("Stop: %v after %v; want the task named after %v", err, took, tt.want)
				}
				close(release)
			})
		})
	}
}
