package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Setup acquires something for the life of the application and returns how to
// release it. A nil Cleanup means that there is nothing to release. The context
// ends with the start: what lives longer must not keep it.
type Setup func(ctx context.Context) (Cleanup, error)

// Cleanup releases what a [Setup] acquired. Its context has the deadline of the
// hook's share of the stop.
type Cleanup func(ctx context.Context) error

// Stopping closes as the first act of a stop, before anything is released.
// Whoever begins new work watches it.
type Stopping <-chan struct{}

// StartStop makes a Setup of a pair; either may be nil. Its stop runs only
// where start was reached and succeeded: what is held from the beginning is a
// [Hook] without a Setup.
func StartStop(start, stop func(ctx context.Context) error) Setup {
	return func(ctx context.Context) (Cleanup, error) {
		if start != nil {
			if err := start(ctx); err != nil {
				return nil, err
			}
		}
		return stop, nil
	}
}

// Close makes a Cleanup of a closer.
func Close(c io.Closer) Cleanup {
	return func(context.Context) error { return c.Close() }
}

// Task makes a Setup of a function that runs as long as the application. The
// start waits until run calls ready, and fails where run ends before. The
// Cleanup cancels run's context and waits for its end; an error that is this
// cancellation is a normal end. Where run ends by itself after it was ready,
// ended hears how, once: [Engine.Shutdown] fits.
func Task(run func(ctx context.Context, ready func()) error, ended func(error)) Setup {
	return func(start context.Context) (Cleanup, error) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(start))
		up, down := make(chan struct{}), make(chan struct{})
		var result error // valid once down is closed; nil where ended has heard it
		go func() {
			defer close(down)
			if result = runTask(ctx, run, up); ctx.Err() == nil && closed(up) {
				ended(result)
				result = nil
			}
		}()
		stop := func(ctx context.Context) error {
			cancel()
			select {
			case <-down:
				return result
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		select {
		case <-up:
			return stop, nil
		case <-down:
		case <-start.Done():
			return nil, errors.Join(context.Cause(start), stop(context.WithoutCancel(start)))
		}
		if closed(up) {
			return stop, nil
		}
		cancel()
		return nil, fmt.Errorf("the task ended before it was ready: %w", cmp.Or(result, errEnded))
	}
}

// runTask runs a task to its end. Its cancellation is no error.
func runTask(ctx context.Context, run func(context.Context, func()) error, up chan struct{}) error {
	done := make(chan result, 1)
	go contain(ctx, func(ctx context.Context) (Cleanup, error) {
		return nil, run(ctx, sync.OnceFunc(func() { close(up) }))
	}, done)
	err := (<-done).err
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
