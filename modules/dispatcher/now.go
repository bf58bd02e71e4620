package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/ostov/lifecycle"
)

// ErrNoTask reports that no service or schedule has the name.
var ErrNoTask = errors.New("there is no such task")

var errAgain = fmt.Errorf("restarted by RunNow: %w", context.Canceled)

// RunNow begins a run of a service or schedule, for operators, and does not wait
// for it. What waits for its time or its restart runs at once. A service that
// runs is told to end, as by a stop, and runs again as soon as it has: that is no
// failure and counts for nothing. A schedule that runs, a task that has ended and
// one that is not ready yet are errors that say so. What is told before the start
// runs with it; once the dispatcher stops, the error is [ErrStopping].
func (d *Dispatcher) RunNow(name string) error {
	i, ok := slices.BinarySearchFunc(d.tasks, name, func(t *task, name string) int { return cmp.Compare(t.state.Name, name) })
	if !ok {
		return fmt.Errorf("run %q now: %w", name, ErrNoTask)
	}
	t := d.tasks[i]
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.state
	switch {
	case lifecycle.Stopping(d.told).Begun() || t.stopping.Begun():
		return t.fault(ErrStopping)
	case s.State == Waiting:
		select {
		case t.nudge <- struct{}{}:
		default: // it was told before
		}
	case s.State == Running && s.Kind == service:
		t.again = true
		t.cancel(errAgain)
	default:
		return t.fault(fmt.Errorf("it is %s: no run can begin", s.State))
	}
	return nil
}
