package admin_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/health"
)

// Each check, under each fault, and after it: the probe of its kind fails, at
// the latest after a second, names it, and recovers.
func TestProbesFollowTheirChecksThroughFaults(t *testing.T) {
	t.Parallel()

	kinds := map[health.Kind]string{health.KindLive: "/livez", health.KindReady: "/readyz", health.KindStartup: "/startupz"}
	for fault, tt := range map[string]struct {
		probe  func(ctx context.Context) error
		reason string
		takes  time.Duration
	}{
		"failing":   {func(context.Context) error { return errors.New("no route") }, "suspect: no route", 0},
		"slow":      {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "suspect: ", time.Second},
		"panicking": {func(context.Context) error { panic("no route") }, "suspect: panic: no route", 0},
		"ending":    {func(context.Context) error { runtime.Goexit(); return nil }, "suspect: the probe ended without returning", 0},
	} {
		for kind, path := range kinds {
			t.Run(fault+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var broken atomic.Bool
					f := build(t)
					if err := f.checks.Add(
						health.Check{Name: "fine", Kind: kind, Probe: func(context.Context) error { return nil }},
						health.Check{Name: "suspect", Kind: kind, Probe: func(ctx context.Context) error {
							if broken.Load() {
								return tt.probe(ctx)
							}
							return nil
						}}); err != nil {
						t.Fatal(err)
					}
					want(t, "before the fault", f.ask(http.MethodGet, path), http.StatusOK)
					broken.Store(true)
					<-time.After(time.Second) // for which an answer is used again
					for range 3 {
						begin := time.Now()
						body := want(t, "under the fault", f.ask(http.MethodGet, path, bearer(token)), http.StatusServiceUnavailable)
						if !strings.Contains(body, tt.reason) || strings.Contains(body, "fine") {
							t.Errorf("GET %s = %s; want %q in it, and not the check that passes", path, body, tt.reason)
						}
						if took := time.Since(begin); took > tt.takes {
							t.Errorf("GET %s took %v; want at most %v", path, took, tt.takes)
						}
					}
					for _, other := range kinds {
						if other != path {
							want(t, "the probe of another kind", f.ask(http.MethodGet, other), http.StatusOK)
						}
					}
					broken.Store(false)
					<-time.After(time.Second)
					want(t, "after the fault", f.ask(http.MethodGet, path), http.StatusOK)
				})
			})
		}
	}
}
