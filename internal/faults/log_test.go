//go:build unix

package faults

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"example.com/ostov/internal/load"
)

// metric returns the value of a series in the program's /metrics.
func (p *process) metric(series string) float64 {
	p.t.Helper()
	_, text := p.get(p.admin + "/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return f
		}
	}
	p.t.Fatalf("/metrics has no %s", series)
	return 0
}

// Stdout and stderr that take nothing, in every way in which one can be so, neither
// end the service nor hold it.
func TestOutputsThatTakeNothingHarmNoRequest(t *testing.T) {
	t.Parallel()

	const requests = 3000
	for name, tt := range map[string]struct {
		give  func(t *testing.T, p *process) // its outputs
		after func(p *process)               // what happens once it is ready
		drops bool
	}{
		"closed from the beginning": {give: func(_ *testing.T, p *process) {
			p.cmd.Path, p.cmd.Args = "/bin/sh", append([]string{"sh", "-c", `exec "$0" "$@" >&- 2>&-`}, p.cmd.Args...)
		}},
		"a full disk": {drops: true, give: func(t *testing.T, p *process) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip("no /dev/full on this system")
			}
			t.Cleanup(func() { _ = full.Close() })
			p.cmd.Stdout, p.cmd.Stderr = full, full
		}},
		"pipes whose reader is gone": {drops: true, give: func(t *testing.T, p *process) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Close()
			t.Cleanup(func() { _ = w.Close() })
			p.cmd.Stdout, p.cmd.Stderr = w, w
		}},
		"pipes that nobody reads": {drops: true, give: func(t *testing.T, p *process) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = r.Close(), w.Close() })
			p.cmd.Stdout, p.cmd.Stderr = w, w
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := prepare(t)
			tt.give(t, p)
			p.startBlind()
			all := load.Load{Address: p.http, Path: "/hello", Clients: 8, Count: requests}.Run(t.Context())
			if all.Statuses[http.StatusOK] != requests {
				t.Errorf("%v; want %d answers 200", all, requests)
			}
			dropped := p.metric("log_records_dropped_total")
			if name != "pipes that nobody reads" && (dropped > 0) != tt.drops { // there, most of so few still wait
				t.Errorf("%v records are counted as dropped; want some: %t", dropped, tt.drops)
			}
			p.stop()
		})
	}
}

// startBlind starts a program whose outputs tell nothing. It inherits listeners:
// who connects before it is ready waits.
func (p *process) startBlind() {
	p.t.Helper()
	http, address := inheritable(p.t)
	admin, adminAddress := inheritable(p.t)
	p.http, p.admin = address, "http://"+adminAddress
	p.cmd.Args = append(p.cmd.Args, "--set", "http.address="+address, "--set", "admin.address="+adminAddress)
	p.cmd.ExtraFiles = []*os.File{http, admin}
	p.cmd.Env = append(p.cmd.Env, "LISTEN_FDS=2")
	p.run()
}

// The record of a panic is out before the task goes on, whatever becomes of the
// process then: the program's next run kills it.
func TestTheRecordOfAPanicInATaskIsOut(t *testing.T) {
	t.Parallel()

	const processes = 50
	missing := make(chan string, processes)
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for range processes {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p := prepare(t)
			p.cmd.Env[0] = asProgram + "=panic"
			stderr, err := p.cmd.StderrPipe()
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			text, _ := io.ReadAll(stderr)
			_ = p.cmd.Wait()
			if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
				t.Errorf("the program ended with %v; want it killed", p.cmd.ProcessState)
			}
			if !strings.Contains(string(text), "panic: the task's last words") || !strings.Contains(string(text), "program_test.go") {
				missing <- string(text)
			}
		})
	}
	all.Wait()
	if n := len(missing); n > 0 {
		t.Errorf("in %d of %d processes the record of the panic is missing; the log of one is:\n%s", n, processes, <-missing)
	}
}
