//go:build unix

package dispatcher_test

import (
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// cpu returns the processor time that this process has used. Beside others on
// the machine it says more than the clock.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkGo(b *testing.B) {
	for _, s := range handOvers {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpu(b)
			s.run(b, b.N)
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

func BenchmarkStartStop(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		for _, s := range startStops {
			b.Run(s.name+"/"+strconv.Itoa(n), func(b *testing.B) {
				var used time.Duration
				for b.Loop() {
					b.StopTimer()
					run := s.build(b, n)
					before := cpu(b)
					b.StartTimer()
					run()
					used += cpu(b) - before
				}
				b.ReportMetric(float64(used)/float64(b.N*n), "cpu-ns/service")
			})
		}
	}
}

// round measures each subject once and keeps the least that it took so far.
func round(tb testing.TB, least map[string]time.Duration, names []string, run func(i int) func()) {
	tb.Helper()
	for i, name := range names {
		f := run(i)
		runtime.GC()
		before := cpu(tb)
		f()
		if used := cpu(tb) - before; least[name] == 0 || used < least[name] {
			least[name] = used
		}
	}
}

// TestRatios holds the dispatcher to its figures: processor time, the best of
// interleaved rounds.
func TestRatios(t *testing.T) {
	const rounds = 15
	t.Run("Go", func(t *testing.T) {
		const n = 500_000
		least := make(map[string]time.Duration)
		var names []string
		for _, s := range handOvers {
			names = append(names, s.name)
		}
		for range rounds {
			round(t, least, names, func(i int) func() { return func() { handOvers[i].run(t, n) } })
		}
		for _, name := range names {
			t.Logf("%-30s %6.1f ns each, ratio to ostov %.2f", name, float64(least[name])/n, float64(least[name])/float64(least["ostov"]))
		}
		for _, peer := range []string{"pond", "ants", "conc"} {
			if least["ostov"] > least[peer] {
				t.Errorf("Go took %v; %s took %v", least["ostov"], peer, least[peer])
			}
		}
	})
	t.Run("start and stop", func(t *testing.T) {
		const n = 10_000
		least := make(map[string]time.Duration)
		var names []string
		for _, s := range startStops {
			names = append(names, s.name)
		}
		for range rounds {
			round(t, least, names, func(i int) func() { return startStops[i].build(t, n) })
		}
		for _, name := range names {
			t.Logf("%-30s %6.0f ns each, ratio to goroutines %.2f", name, float64(least[name])/n, float64(least[name])/float64(least["goroutines"]))
		}
		if least["ostov"] > 3*least["goroutines"] {
			t.Errorf("start and stop took %v; want at most 3 times plain goroutines, which took %v", least["ostov"], least["goroutines"])
		}
		if 2*least["ostov"] > least["suture"] {
			t.Errorf("start and stop took %v; want at most half of suture, which took %v", least["ostov"], least["suture"])
		}
	})
}
