package drain_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/internal/drain"
)

func TestADrainCancelsAndEndsInTime(t *testing.T) {
	t.Parallel()

	const never = time.Hour
	tests := []struct {
		name      string
		limit     time.Duration
		left      time.Duration // of the stop; 0: no limit
		gone      time.Duration // when all is
		most      time.Duration // of the wait
		inTime    bool
		cancelled time.Duration // 0: not at all
		took      time.Duration
	}{
		{name: "ends as soon as all is gone", limit: 10 * time.Second, gone: 3 * time.Second, inTime: true, took: 3 * time.Second},
		{name: "waits for no longer than it is told", limit: 10 * time.Second, gone: never, most: 2 * time.Second, inTime: true, took: 2 * time.Second},
		{name: "cancels in the last second", limit: 10 * time.Second, gone: 9500 * time.Millisecond, inTime: true, cancelled: 9 * time.Second, took: 9500 * time.Millisecond},
		{name: "ends at its limit", limit: 10 * time.Second, gone: never, cancelled: 9 * time.Second, took: 10 * time.Second},
		{name: "cancels at half of a short limit", limit: time.Second, gone: never, cancelled: 500 * time.Millisecond, took: time.Second},
		{name: "ends a moment before the stop", limit: 10 * time.Second, left: 5200 * time.Millisecond, gone: never, cancelled: 4 * time.Second, took: 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var set drain.Set[string]
				set.Add("a")
				set.Add("b")
				set.Remove("a")
				time.AfterFunc(tt.gone, func() { set.Remove("b") })
				ctx := t.Context()
				if tt.left > 0 {
					limited, cancel := context.WithTimeout(ctx, tt.left)
					defer cancel()
					ctx = limited
				}

				began := time.Now()
				var cancelled []time.Duration
				d, release := drain.Begin(ctx, tt.limit, func() { cancelled = append(cancelled, time.Since(began)) })
				defer release()
				if got := d.Wait(set.Gone(), tt.most); got != tt.inTime {
					t.Errorf("Wait = %v; want %v", got, tt.inTime)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v; want %v", took, tt.took)
				}
				if tt.cancelled == 0 && len(cancelled) > 0 || tt.cancelled > 0 && (len(cancelled) != 1 || cancelled[0] != tt.cancelled) {
					t.Errorf("cancelled at %v; want once at %v, and not at all for 0", cancelled, tt.cancelled)
				}
				if !tt.inTime && d.Wait(set.Gone(), 0) {
					t.Error("a second Wait came in time; want the end to last")
				}
				if len(cancelled) > 1 {
					t.Errorf("cancelled at %v; want once", cancelled)
				}
			})
		})
	}
}

func TestADrainWithoutTimeStillSeesWhatIsGone(t *testing.T) {
	t.Parallel()

	var none drain.Set[string]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, release := drain.Begin(ctx, 0, func() {})
	defer release()
	if !d.Wait(none.Gone(), 0) {
		t.Error("Wait for nothing = false; want true, whatever time is left")
	}
}

func TestClosedWaitsForAMoment(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var set drain.Set[string]
		set.Add("a")
		d, release := drain.Begin(t.Context(), time.Second, func() {})
		defer release()
		began := time.Now()
		if d.Closed(set.Gone()) {
			t.Error("Closed = true while something is open; want false")
		}
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("Closed took %v; want 100ms", took)
		}
		set.Remove("a")
		if !d.Closed(set.Gone()) {
			t.Error("Closed = false with nothing open; want true")
		}
	})
}
