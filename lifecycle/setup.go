package lifecycle

import (
	"context"
	"io"
)

// Setup acquires something for the life of the application and returns how to
// release it. A nil Cleanup means that there is nothing to release. The context
// ends with the start: what lives longer must not keep it.
type Setup func(ctx context.Context) (Cleanup, error)

// Cleanup releases what a [Setup] acquired. Its context has the deadline of the
// hook's share of the stop.
type Cleanup func(ctx context.Context) error

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
