package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/lifecycle"
)

// take returns a Setup that takes so long, or until its context ends.
func take(d time.Duration) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		select {
		case <-time.After(d):
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func TestALongStartDoesNotCountInTheLimitOfTheWhole(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name              string
		first, long, last time.Duration
		want              string // in the error; none: it starts
	}{
		{name: "long", first: 6 * time.Second, long: time.Minute, last: 8 * time.Second},
		{name: "too long", long: 3 * time.Minute, want: "the hook's limit is 2m0s"},
		{name: "the others too long", first: 8 * time.Second, long: time.Minute, last: 8 * time.Second, want: "the limit of the whole start is 15s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newApp(t, lifecycle.Limits{})
				a.append(lifecycle.Hook{Name: "first", Setup: take(tt.first)})
				a.append(lifecycle.Hook{Name: "migrate", Setup: take(tt.long), LongStart: 2 * time.Minute})
				a.append(lifecycle.Hook{Name: "last", Setup: take(tt.last)})
				err := a.Start(t.Context())
				switch {
				case tt.want == "" && err != nil:
					t.Errorf("Start = %v; want none", err)
				case tt.want != "" && (!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), tt.want)):
					t.Errorf("Start = %v; want it to say %q", err, tt.want)
				}
				if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
