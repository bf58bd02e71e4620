//go:build soak && unix && !race

package faults

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/ostov/internal/load"
)

// A reader of the log that stalls for 20 seconds under load, and then reads on:
// nobody else notices, and the log tells what is missing.
func TestAStalledReaderOfTheLogSlowsNoRequest(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := prepare(t)
	p.cmd.Stderr = w
	p.start()
	_ = w.Close() // the program has its own

	// The reader takes whole lines while it may, and all that is left at the end.
	reads := make(chan bool, 1) // true: read on
	var kept []string           // what is no access record
	requests := 0
	done := make(chan struct{})
	lines := bufio.NewScanner(r)
	go func() {
		defer close(done)
		for reading := true; ; {
			select {
			case reading = <-reads:
			default:
			}
			if !reading {
				reading = <-reads
			}
			if !lines.Scan() {
				return
			}
			if strings.Contains(lines.Text(), `"msg":"request"`) {
				requests++
			} else {
				kept = append(kept, lines.Text())
			}
		}
	}()
	under := func(d time.Duration) load.Result {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		result := load.Load{Address: p.http, Path: "/hello", Clients: 9, Think: 2 * time.Millisecond}.Run(ctx)
		if result.Failed()+result.Refused > 0 || result.Statuses[http.StatusOK] != result.Answered() {
			t.Errorf("%v; want 200 for all", result)
		}
		return result
	}
	under(2 * time.Second)
	before := under(10 * time.Second)
	reads <- false
	stalled := under(20 * time.Second)
	dropped := p.metric("log_records_dropped_total")
	reads <- true
	after := under(10 * time.Second)

	for _, part := range []float64{0.5, 0.9, 0.99} {
		usual := (before.Percentile(part) + after.Percentile(part)) / 2
		t.Logf("%v of requests: %v while the log was read, %v while it was not", part, usual, stalled.Percentile(part))
		if stalled.Percentile(part) > 2*usual+5*time.Millisecond {
			t.Errorf("%v of requests took up to %v while the log was not read, else %v; want at most twice as long", part, stalled.Percentile(part), usual)
		}
	}
	if dropped == 0 {
		t.Error("log_records_dropped_total is 0 after 20s without a reader")
	}
	p.stop()
	<-done
	text := strings.Join(kept, "\n")
	for _, want := range []string{`"msg":"log records dropped"`, "the resource is released", "application stopped"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %s after its reader came back:\n%s", want, text)
		}
	}
	if all := before.Answered() + stalled.Answered() + after.Answered(); requests+int(dropped) < all {
		t.Errorf("%d access records came out and %v were dropped, of at least %d requests; want each counted", requests, dropped, all)
	}
}
