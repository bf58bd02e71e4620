//go:build unix

package dispatcher_test

import (
	"strconv"
	"testing"
	"time"

	"example.com/ostov/bench/cpu"
)

func BenchmarkGo(b *testing.B) {
	for _, s := range handOvers {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpu.Used(b)
			s.run(b, b.N)
			b.ReportMetric(float64(cpu.Used(b)-before)/float64(b.N), "cpu-ns/op")
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
					before := cpu.Used(b)
					b.StartTimer()
					run()
					used += cpu.Used(b) - before
				}
				b.ReportMetric(float64(used)/float64(b.N*n), "cpu-ns/service")
			})
		}
	}
}

const rounds = 15

// TestHandOverIsNoSlowerThanItsPeers keeps the target of Go.
func TestHandOverIsNoSlowerThanItsPeers(t *testing.T) {
	const n = 500_000
	best := cpu.Least(t, rounds, len(handOvers), func(i int) func() { return func() { handOvers[i].run(t, n) } })
	own := best[0]
	for i, s := range handOvers {
		t.Logf("%-30s %6.1f ns each, %5.2f times ours", s.name, float64(best[i])/n, float64(best[i])/float64(own))
		if s.peer && best[i] < own {
			t.Errorf("%s takes %v, ours %v; want ours no slower", s.name, best[i], own)
		}
	}
}

// TestStartAndStopAreCheap keeps the target of supervision.
func TestStartAndStopAreCheap(t *testing.T) {
	const n = 10_000
	best := cpu.Least(t, rounds, len(startStops), func(i int) func() { return startStops[i].build(t, n) })
	own, floor, suture := best[0], best[1], best[3]
	for i, s := range startStops {
		t.Logf("%-30s %6.0f ns each, %5.2f times goroutines", s.name, float64(best[i])/n, float64(best[i])/float64(floor))
	}
	if own > 3*floor {
		t.Errorf("ours takes %v; want at most 3 times goroutines, which take %v", own, floor)
	}
	if 2*own > suture {
		t.Errorf("ours takes %v; want at most half of suture, which takes %v", own, suture)
	}
}

// TestCostOfAServiceIsFlat keeps the target that a service costs the same among
// few and among many: what it costs beside a dispatcher without any, in plain
// goroutines of the same number, which cost more where they leave the cache.
func TestCostOfAServiceIsFlat(t *testing.T) {
	const total = 20_000 // services in all, so that each number is measured alike
	own, floor := startStops[0].build, startStops[1].build
	var few float64
	for _, n := range []int{10, 100, 1_000, 10_000} {
		subjects := []func() func(){
			func() func() { return own(t, n) },
			func() func() { return own(t, 0) },
			func() func() { return floor(t, n) },
		}
		best := cpu.Least(t, rounds, len(subjects), func(i int) func() {
			runs := make([]func(), total/n)
			for r := range runs {
				runs[r] = subjects[i]()
			}
			return func() {
				for _, run := range runs {
					run()
				}
			}
		})
		each, plain := float64(best[0]-best[1])/total, float64(best[2])/total
		t.Logf("%6d services: %5.0f ns each, %.2f times goroutines", n, each, each/plain)
		if few == 0 {
			few = each / plain
		}
		if each/plain > 1.5*few {
			t.Errorf("among %d a service costs %.2f goroutines, among 10 it costs %.2f; want the same, or at most half more", n, each/plain, few)
		}
	}
}
