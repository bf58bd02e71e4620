// Package lifecycle_test measures what the engine adds to a start and a stop.
package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"go.uber.org/fx"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// BenchmarkHooks builds, starts and stops applications of hooks that do
// nothing: with plain Fx, and with the engine behind fx.Lifecycle. The time of
// Append, in which Fx walks the stack for the names, is part of it; ns/hook is
// the share of one hook without that of the application around it.
func BenchmarkHooks(b *testing.B) {
	engines := []struct {
		name    string
		options []fx.Option
	}{
		{"fx", []fx.Option{fx.NopLogger}},
		{"ostov", []fx.Option{container.Module, fx.Supply(container.Process{Stdout: io.Discard, Stderr: io.Discard})}},
	}
	for _, n := range []int{10, 1_000, 10_000} {
		for _, engine := range engines {
			b.Run(fmt.Sprintf("hooks=%d/%s", n, engine.name), func(b *testing.B) {
				b.ReportAllocs()
				var hooks time.Duration
				for b.Loop() {
					var appended time.Duration
					app := fx.New(append(engine.options[:len(engine.options):len(engine.options)], fx.Invoke(func(l fx.Lifecycle) {
						began := time.Now()
						for range n {
							l.Append(fx.Hook{OnStart: nothing, OnStop: nothing})
						}
						appended = time.Since(began)
					}))...)
					began := time.Now()
					if err := app.Start(b.Context()); err != nil {
						b.Fatal(err)
					}
					if err := app.Stop(b.Context()); err != nil {
						b.Fatal(err)
					}
					hooks += appended + time.Since(began)
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
