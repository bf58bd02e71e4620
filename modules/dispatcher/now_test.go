package dispatcher_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/modules/dispatcher"
)

func TestAScheduleRunsNowAndThenInItsPeriodFromThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		b := newBench(t, nil,
			dispatcher.Schedule{Name: "hourly", Every: time.Hour, Run: nothing},
			dispatcher.Schedule{Name: "daily", Cron: "@daily", Run: func(ctx context.Context) error {
				select {
				case <-hold:
				case <-ctx.Done():
				}
				return nil
			}})
		if err := errors.Join(b.RunNow("hourly"), b.Start(t.Context())); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := b.state(t, "hourly"); s.Starts != 1 {
			t.Errorf("an hourly schedule that was told before the start: %+v; want its first run alone", s)
		}
		time.Sleep(20 * time.Minute)
		if err := errors.Join(b.RunNow("hourly"), b.RunNow("daily")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := b.state(t, "hourly"); s.Starts != 2 || !s.Next.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("an hourly schedule that was run after 20 minutes: %+v; want a second run, the next an hour later", s)
		}
		if err := b.RunNow("daily"); err == nil || !strings.Contains(err.Error(), `schedule "daily": it is running`) {
			t.Errorf("RunNow of a schedule that runs: %v; want an error that says so", err)
		}
		close(hold)
		synctest.Wait()
		if s := b.state(t, "daily"); s.Starts != 1 || time.Until(s.Next) > 24*time.Hour {
			t.Errorf("a daily schedule that was run now: %+v; want one run, and the next at midnight", s)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if s := b.state(t, "daily"); s.Starts != 2 {
			t.Errorf("the daily schedule a day later: %+v; want its second run", s)
		}
		b.stop(t)
	})
}

func TestAServiceRunsAgainNowWithoutAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cause error
		broken, breaks := true, make(chan struct{})
		b := started(t, nil,
			dispatcher.Service{Name: "feed", Run: func(ctx context.Context) error {
				select {
				case <-breaks:
					return errBoom
				case <-ctx.Done():
				}
				cause = context.Cause(ctx)
				time.Sleep(time.Second)
				return cause
			}},
			dispatcher.Service{Name: "mailer", MaxRestarts: -1, Backoff: time.Hour, MaxBackoff: time.Hour, Run: func(ctx context.Context) error {
				if broken {
					return errBoom
				}
				<-ctx.Done()
				return nil
			}},
			dispatcher.Service{Name: "once", Run: nothing})
		synctest.Wait()
		for range 3 {
			if err := b.RunNow("feed"); err != nil {
				t.Fatal(err)
			}
		}
		if time.Sleep(999 * time.Millisecond); b.state(t, "feed").Starts != 1 {
			t.Error("a second run began before the first had ended")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if s := b.state(t, "feed"); s.State != dispatcher.Running || s.Starts != 2 || s.Failures != 0 || s.Error != "" || !errors.Is(cause, context.Canceled) {
			t.Errorf("after three times RunNow: %+v, cancelled by %v; want one more run and no failure", s, cause)
		}
		breaks <- struct{}{}
		synctest.Wait()
		if s := b.state(t, "feed"); s.State != dispatcher.Waiting || s.Starts != 2 || s.Failures != 1 {
			t.Errorf("after a failure of its own: %+v; want it counted, and a pause", s)
		}

		if s := b.state(t, "mailer"); s.State != dispatcher.Waiting || s.Next.Before(time.Now().Add(20*time.Minute)) {
			t.Fatalf("the mailer: %+v; want it to wait for its restart", s)
		}
		broken = false
		if err := b.RunNow("mailer"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := b.state(t, "mailer"); s.State != dispatcher.Running || s.Starts != 2 {
			t.Errorf("the mailer after RunNow: %+v; want it to run", s)
		}

		if err := b.RunNow("once"); err == nil || !strings.Contains(err.Error(), "it is ended") {
			t.Errorf("RunNow of a service that is done: %v; want an error that says so", err)
		}
		if err := b.RunNow("none"); !errors.Is(err, dispatcher.ErrNoTask) {
			t.Errorf("RunNow of a name that nobody has: %v; want ErrNoTask", err)
		}
		b.stop(t)
		if err := b.RunNow("mailer"); !errors.Is(err, dispatcher.ErrStopping) {
			t.Errorf("RunNow after the stop: %v; want ErrStopping", err)
		}
	})
}
