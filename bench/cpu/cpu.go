//go:build unix

// Package cpu measures by processor time: beside others on the machine it says more
// than the clock.
package cpu

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Used returns the processor time that this process has used.
func Used(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// Least returns what each subject used in the best of the rounds, in which they take
// turns. What prepare does for one is not counted.
func Least(tb testing.TB, rounds, subjects int, prepare func(i int) (run func())) []time.Duration {
	tb.Helper()
	best := make([]time.Duration, subjects)
	for range rounds {
		for i := range best {
			run := prepare(i)
			runtime.GC()
			before := Used(tb)
			run()
			if used := Used(tb) - before; best[i] == 0 || used < best[i] {
				best[i] = used
			}
		}
	}
	return best
}
