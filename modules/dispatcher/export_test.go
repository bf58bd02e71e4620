package dispatcher

import (
	"context"
	"time"
)

// SetWallClock replaces the clock on the wall, which a test cannot set.
func SetWallClock(d *Dispatcher, shows func(now time.Time) time.Time) { d.wall = shows }

// Check asks the health check.
func Check(ctx context.Context, d *Dispatcher) error { return newCheck(d).Probe(ctx) }
