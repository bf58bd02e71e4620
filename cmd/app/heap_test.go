package main

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

func TestTheGarbageCollectorLeavesASmallServiceItsFloor(t *testing.T) {
	t.Parallel()

	const mb = 1 << 20 // of what is live twice, and there are some 2 MB beside the floor
	for _, tt := range []struct {
		environ     string
		least, most float64
	}{
		{"GOGC=", 8 * mb, 20 * mb},
		{"GOGC=101", 0, 8 * mb},
		{"GOMEMLIMIT=16MiB", 0, 8 * mb},
		{"GOMEMLIMIT=230MiB", 28 * mb, 40 * mb},
		{"GOMEMLIMIT=64GiB", 32 * mb, 44 * mb},
	} {
		t.Run(tt.environ, func(t *testing.T) {
			t.Parallel()
			if next := nextCollection(t, tt.environ); next < tt.least || next > tt.most {
				t.Errorf("the collector comes at %.1f MB; want %.0f to %.0f", next/mb, tt.least/mb, tt.most/mb)
			}
		})
	}
}

// nextCollection returns at how many bytes of heap a service that has just started
// is collected.
func nextCollection(t *testing.T, environ string) float64 {
	t.Helper()
	const token = "a-token-of-the-test-of-the-heap"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	app := exec.CommandContext(ctx, os.Args[0], append(freePorts, "--set", "admin.token="+token)...)
	app.Env = append(os.Environ(), asApp+"=1", "GOGC=", "GOMEMLIMIT=", environ) // whatever the tests run with
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = app.Process.Kill() // stops are tested elsewhere
		_ = app.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`admin=(\S+)\. `).FindStringSubmatch(line)
	if address == nil {
		t.Fatalf("the ready line is %q", line)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address[1]+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if m := regexp.MustCompile(`^go_memstats_next_gc_bytes (\S+)$`).FindStringSubmatch(lines.Text()); m != nil {
			next, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return next
		}
	}
	t.Fatal("/metrics does not tell when the collector comes")
	return 0
}
