//go:build soak && unix

package container_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Contract B15.
func TestSIGTERMAtAnyMomentOfAStartStopsWhatHadStarted(t *testing.T) {
	for i := range 20 {
		moment := time.Duration(i)*100*time.Millisecond + 50*time.Millisecond
		t.Run(moment.String(), func(t *testing.T) {
			c := start(t, "ten slow starts").until("starting 0")
			<-time.After(moment) // the moment is what is tested
			begin := time.Now()
			code, said := c.signal(syscall.SIGTERM).end()
			if took := time.Since(begin); code != 0 || took > time.Second {
				t.Errorf("exit code %d after %v; want 0 within 1s; stderr %s", code, took, c.stderr.String())
			}
			if up, down := strings.Count(said, "+"), strings.Count(said, " -"); up != down {
				t.Errorf("%d started, %d stopped: %s", up, down, said)
			}
		})
	}
}

// Contract B10, B21, B28.
func TestWhateverOneHookDoesTheOthersStopInTime(t *testing.T) {
	for _, op := range []string{"start", "stop"} {
		for _, kind := range []string{"fails", "panics", "hangs"} {
			for k := range 5 {
				t.Run(fmt.Sprint(op, " of hook ", k, " ", kind), func(t *testing.T) {
					t.Setenv(fault, fmt.Sprint(op, " ", kind, " ", k))
					c := start(t, "fault")
					begin := time.Now()
					if op == "stop" {
						c.until("Serving on")
						begin = time.Now()
						c.signal(syscall.SIGTERM)
					}
					code, said := c.end()
					if took := time.Since(begin); code != 1 || took > 1500*time.Millisecond+300*time.Millisecond { // 0.3s for the process itself
						t.Errorf("exit code %d after %v; want 1 within the limit of 1s and 0.5s", code, took)
					}
					if !strings.Contains(c.stderr.String(), op+" container_test.") {
						t.Errorf("stderr does not name the hook: %s", c.stderr.String())
					}
					for i := range 5 {
						up, down := strings.Contains(said, fmt.Sprint("+", i)), strings.Contains(said, fmt.Sprint("-", i))
						if i != k && up != down || i == k && down {
							t.Errorf("hook %d: started %t, stopped %t: %s", i, up, down, said)
						}
					}
				})
			}
		}
	}
}

// Contract B36.
func TestASecondSignalEndsTheProcessWithin250ms(t *testing.T) {
	for range 10 {
		c := start(t, "slow stop").until("Serving on").signal(syscall.SIGINT).until("stopping b")
		begin := time.Now()
		code, _ := c.signal(syscall.SIGINT).end()
		if took := time.Since(begin); code != 130 || took > 250*time.Millisecond {
			t.Errorf("exit code %d after %v; want 130 within 250ms", code, took)
		}
	}
}
