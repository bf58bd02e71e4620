//go:build unix

package faults

import (
	"net/http"
	"testing"
	"time"
)

// SIGTERM makes the program not ready at once, and takes nothing from who is
// served during the drain delay.
func TestReadinessGoesWithinMillisecondsOfSIGTERMAndRequestsAreServedOn(t *testing.T) {
	t.Parallel()

	const limit = 50 * time.Millisecond
	quickest := time.Hour
	for range 10 { // this machine may be busy
		p := launch(t, "app.drain_delay=3s")
		for _, url := range []string{"/readyz", p.admin + "/readyz"} {
			if status, body := p.get(url); status != http.StatusOK {
				t.Fatalf("GET %s = %d %s; want 200", url, status, body)
			}
		}
		begin := time.Now()
		p.terminate()
		for status := 0; status != http.StatusServiceUnavailable; status, _ = p.get(p.admin + "/readyz") {
			if time.Since(begin) > 10*time.Second {
				t.Fatal("the program is still ready 10s after SIGTERM")
			}
		}
		quickest = min(quickest, time.Since(begin))
		for url, want := range map[string]int{"/hello": 200, "/livez": 200, "/readyz": 503, p.admin + "/livez": 200, p.admin + "/metrics": 200} {
			if status, body := p.get(url); status != want {
				t.Errorf("GET %s during the drain delay = %d %s; want %d", url, status, body, want)
			}
		}
		p.wantClean()
		if quickest <= limit {
			return
		}
	}
	t.Errorf("the quickest of 10 programs was not ready %v after SIGTERM; want at most %v", quickest, limit)
}
