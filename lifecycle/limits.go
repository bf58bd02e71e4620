package lifecycle

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Limits bound a whole start and a whole stop.
type Limits struct {
	Start, Stop time.Duration // 0: 15 and 25 seconds

	// DrainDelay is how long an application that was running goes on serving
	// after [Engine.Stopping] closed, so that those who send it work can turn
	// away. It is part of Stop.
	DrainDelay time.Duration
}

// SetLimits sets the limits; a start or stop that began keeps those it has.
func (e *Engine) SetLimits(l Limits) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == New {
		e.limits = Limits{
			Start:      cmp.Or(l.Start, e.limits.Start),
			Stop:       cmp.Or(l.Stop, e.limits.Stop),
			DrainDelay: l.DrainDelay,
		}
	}
}

// StartLimit returns how long a start may take: the limit of the whole, and what
// hooks with a LongStart have beside it.
func (e *Engine) StartLimit() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	limit := e.limits.Start
	for _, n := range e.entries {
		limit += n.LongStart
	}
	return limit
}

// Check returns ErrLimits, with the figures, where the drain delay and the stop
// limits of the hooks do not fit into the limit of the whole stop.
func (e *Engine) Check() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.check()
}

func (e *Engine) check() error {
	sum := e.limits.DrainDelay
	parts := fmt.Sprintf("drain delay %v", sum)
	longest := make(map[Phase]*entry) // what stops side by side counts once
	for _, n := range e.entries {
		switch {
		case n.StopTimeout == 0:
		case n.Phase < Work:
			sum += n.StopTimeout
			parts += fmt.Sprintf(", %s %v", n.Name, n.StopTimeout)
		case longest[n.Phase] == nil || longest[n.Phase].StopTimeout < n.StopTimeout:
			longest[n.Phase] = n
		}
	}
	for _, phase := range []Phase{Serve, Work} {
		if n := longest[phase]; n != nil {
			sum += n.StopTimeout
			parts += fmt.Sprintf(", %s %v", n.Name, n.StopTimeout)
		}
	}
	if sum > e.limits.Stop {
		return fmt.Errorf("%w: it is %v, but %s make %v: raise app.stop_timeout or lower the others", ErrLimits, e.limits.Stop, parts, sum)
	}
	return nil
}

// limit bounds ctx by a hook's own limit, where it has one.
func limit(ctx context.Context, own time.Duration) (context.Context, context.CancelFunc) {
	if own <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, own, fmt.Errorf("%w: the hook's limit is %v", context.DeadlineExceeded, own))
}
