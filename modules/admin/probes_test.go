package admin_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/health"
)

// The probe fails under each fault of a check, at the latest after a second, names
// it, and recovers.
func TestProbesFollowTheirChecksThroughFaults(t *testing.T) {
	t.Parallel()

	for name, fault := range map[string]func(ctx context.Context) error{
		"failing":   func(context.Context) error { return errors.New("no route") },
		"slow":      func(ctx context.Context) error { <-ctx.Done(); return errors.New("no route") },
		"panicking": func(context.Context) error { panic("no route") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var broken atomic.Bool
				f := build(t)
				if err := f.checks.Add(health.Ready.Check("suspect", func(ctx context.Context) error {
					if broken.Load() {
						return fault(ctx)
					}
					return nil
				})); err != nil {
					t.Fatal(err)
				}
				want(t, "before the fault", f.ask(http.MethodGet, "/readyz"), http.StatusOK)
				broken.Store(true)
				<-time.After(time.Second) // for which an answer is used again
				begin := time.Now()
				body := want(t, "under the fault", f.ask(http.MethodGet, "/readyz", bearer(token)), http.StatusServiceUnavailable)
				if took := time.Since(begin); took > time.Second || !strings.Contains(body, "suspect: ") {
					t.Errorf("GET /readyz = %s after %v; want the check named within a second", body, took)
				}
				broken.Store(false)
				<-time.After(time.Second)
				want(t, "after the fault", f.ask(http.MethodGet, "/readyz"), http.StatusOK)
			})
		})
	}
}
