// Package lifecycle_test measures what the engine adds to a start and a stop.
package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// engines are what hooks are given to: plain Fx, and the engine behind
// fx.Lifecycle.
func engines() map[string][]fx.Option {
	return map[string][]fx.Option{
		"fx":    {fx.NopLogger},
		"ostov": {container.Module, fx.Supply(container.Process{Stdout: io.Discard, Stderr: io.Discard})},
	}
}

// live builds, starts and stops an application of n hooks that do nothing, and
// returns the time without that of the build. The time of Append, in which Fx walks the
// stack for the names, is part of it.
func live(tb testing.TB, engine []fx.Option, n int) time.Duration {
	var appended time.Duration
	app := fx.New(append(slices.Clone(engine), fx.Invoke(func(l fx.Lifecycle) {
		began := time.Now()
		for range n {
			l.Append(fx.Hook{OnStart: nothing, OnStop: nothing})
		}
		appended = time.Since(began)
	}))...)
	began := time.Now()
	if err := app.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if err := app.Stop(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return appended + time.Since(began)
}

func TestAThousandHooksAllocateAtMostThreeFifthsOfFx(t *testing.T) {
	allocations := make(map[string]float64)
	for name, engine := range engines() {
		allocations[name] = testing.AllocsPerRun(5, func() { live(t, engine, 1000) })
	}
	t.Logf("allocations with 1,000 hooks: %v", allocations)
	if ratio := allocations["ostov"] / allocations["fx"]; ratio > 0.6 {
		t.Errorf("%.2f of the allocations of Fx; want at most 0.6", ratio)
	}
}

// ns/hook is the share of one hook without that of the application around it.
func BenchmarkHooks(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		for name, engine := range engines() {
			b.Run(fmt.Sprintf("hooks=%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				var hooks time.Duration
				for b.Loop() {
					hooks += live(b, engine, n)
				}
				b.ReportMetric(float64(hooks.Nanoseconds())/float64(b.N*n), "ns/hook")
			})
		}
	}
}

func nothing(context.Context) error { return nil }

// BenchmarkEngine is the engine alone: what one hook more costs, which is to be
// the same with 10, 1,000 and 10,000 of them. The cost of a start and stop
// with a single hook, which wakes the machine up, is taken off.
func BenchmarkEngine(b *testing.B) {
	cycle := func(n int) time.Duration {
		e := lifecycle.NewEngine(nil)
		began := time.Now()
		for range n {
			if err := e.Append(lifecycle.Hook{Name: "nothing", Setup: lifecycle.StartStop(nothing, nothing)}); err != nil {
				b.Fatal(err)
			}
		}
		if err := errors.Join(e.Start(b.Context()), e.Stop(b.Context())); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("hooks=%d", n), func(b *testing.B) {
			var with, without time.Duration
			for b.Loop() {
				with += cycle(n)
				without += cycle(1)
			}
			b.ReportMetric(float64((with-without).Nanoseconds())/float64(b.N*(n-1)), "ns/hook")
		})
	}
}
