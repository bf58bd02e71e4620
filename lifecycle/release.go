package lifecycle

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// startGrace is how long a Setup whose context ended may take to notice.
	startGrace = 400 * time.Millisecond

	// floor is what each remaining hook still gets when the time of the whole
	// stop is spent, and the grace of a Cleanup whose own time is; floorTotal is
	// the most that all of them get together.
	floor      = 100 * time.Millisecond
	floorTotal = 500 * time.Millisecond
)

// release runs, after the delay, the Cleanups of everything acquired, in
// reverse: Work and Serve side by side within the phase, the others one by one.
// total ends when the time is spent; what remains then gets its floor.
func (e *Engine) release(total context.Context, delay time.Duration) (err error) {
	total = e.observe(total, Event{Op: "stop", Begins: true})
	defer func() { e.observe(total, Event{Op: "stop", Runtime: time.Since(e.stop.Begin), Err: err}) }()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-total.Done():
		}
	}
	var (
		errs  []error
		spent time.Time // when the floor of all is spent, too
	)
	for groups := e.groups(); len(groups) > 0; groups = groups[1:] {
		ctx, cancel, grace := total, context.CancelFunc(func() {}), floor
		if total.Err() != nil {
			if spent.IsZero() {
				spent = time.Now().Add(floorTotal - floor) // one floor went to the hook that was running
			}
			share := min(floor, time.Until(spent)/time.Duration(len(groups)))
			ctx, cancel = context.WithTimeout(context.WithoutCancel(total), share)
			grace = 0
		}
		errs = append(errs, e.releaseGroup(ctx, groups[0], grace))
		cancel()
	}
	return errors.Join(errs...)
}

// groups lists what is to be released, last acquired first. What stands in one
// group is released side by side.
func (e *Engine) groups() [][]*entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	var acquired []*entry
	for _, n := range slices.Backward(e.entries) {
		if n.cleanup != nil {
			acquired = append(acquired, n)
		}
	}
	var groups [][]*entry
	for begin, n := range acquired {
		if begin > 0 && n.Phase >= Work && acquired[begin-1].Phase == n.Phase {
			last := len(groups) - 1
			groups[last] = groups[last][:len(groups[last])+1]
			continue
		}
		groups = append(groups, acquired[begin:begin+1])
	}
	return groups
}

func (e *Engine) releaseGroup(ctx context.Context, group []*entry, grace time.Duration) error {
	if len(group) == 1 {
		return e.tearDown(ctx, group[0], group[0].cleanup, grace)
	}
	errs := make([]error, len(group))
	var all sync.WaitGroup
	for i, n := range group {
		all.Go(func() { errs[i] = e.tearDown(ctx, n, n.cleanup, grace) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (e *Engine) tearDown(ctx context.Context, n *entry, cleanup Cleanup, grace time.Duration) error {
	ctx, cancel := limit(ctx, n.StopTimeout)
	defer cancel()
	_, err := e.call(ctx, "stop", n, grace, func(ctx context.Context) (Cleanup, error) {
		return nil, cleanup(ctx)
	})
	return err
}
