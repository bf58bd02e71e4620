package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/lifecycle"
)

// Stop ends all work and returns when it has ended, at Config.StopTimeout or at
// the end of ctx, whichever comes first:
//
//   - Go and Wait take nothing more.
//   - What runs is told by its context: services and schedules at once;
//     one-shots, which end by themselves, go on, those in the queue too, and are
//     told when a fifth of the time is left. From then on none is begun.
//   - All are awaited side by side. What runs on is logged with its age and stack
//     and left behind, what was not begun is logged, and the error names both.
//
// The error also has what tasks returned that did not end quietly when told. A
// stop before the start forbids it. Further calls return what the first does.
func (d *Dispatcher) Stop(ctx context.Context) error {
	d.mu.Lock()
	up, down := d.up, lifecycle.Stopping(d.told).Begun()
	if !down {
		close(d.told)
	}
	d.mu.Unlock()
	if down {
		select {
		case <-d.stopped:
			return d.result
		case <-ctx.Done():
			return fmt.Errorf("wait for the stop of the dispatcher: %w", context.Cause(ctx))
		}
	}
	defer close(d.stopped)
	d.pool.close()
	if up {
		d.result = d.stop(ctx)
	} else {
		d.result = d.pool.giveBack()
	}
	return d.result
}

func (d *Dispatcher) stop(ctx context.Context) error {
	begun, limit := time.Now(), d.p.Config.StopTimeout
	if deadline, ok := ctx.Deadline(); ok {
		left := max(deadline.Sub(begun), 0)
		limit = min(limit, left-min(100*time.Millisecond, left/2)) // the rest is for the report
	}
	d.p.Log.Info("shutting down", zap.Duration("limit", limit))
	for _, t := range d.tasks {
		t.tell()
	}
	d.await(ctx, limit-limit/5)
	errs := []error{d.pool.giveBack()}
	d.pool.tell(ErrStopping)
	ended := d.await(ctx, limit-time.Since(begun))
	errs = append(errs, d.settle(!ended)...)
	err := errors.Join(errs...)
	d.p.Log.Info("stopped", zap.Duration("took", time.Since(begun)), zap.Bool("clean", err == nil))
	return err
}

// await reports whether all tasks and workers have ended within limit.
func (d *Dispatcher) await(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, ended := range []<-chan struct{}{d.lives.ended, d.pool.lives.ended} {
		select {
		case <-ended:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// settle returns what the stop tells. Its time spent, what runs is left behind.
func (d *Dispatcher) settle(spent bool) []error {
	var stacks func(key, value string) string
	if spent {
		stacks = labelledStacks()
	}
	var errs []error
	for _, t := range d.tasks {
		if err := t.settle(stacks); err != nil {
			errs = append(errs, err)
		}
	}
	if !spent {
		return errs
	}
	states, labels := d.pool.snapshot()
	for i, label := range labels {
		e := newEvent(&states[i], nil)
		e.close(Abandoned)
		errs = append(errs, d.abandon(e, stacks(workerLabel, label)))
	}
	return errs
}

// abandon tells of work that is left behind, and returns the error about it.
func (d *Dispatcher) abandon(e *event, stack string) error {
	e.stack = stack
	d.record(d.root, e)
	return fmt.Errorf("%s %q ignores the stop: it has run for %v and is left behind", e.Kind, e.Name, e.Took.Round(time.Millisecond))
}

// Labels of the goroutines of tasks and workers, and of all that they start.
const taskLabel, workerLabel = "dispatcher.task", "dispatcher.worker"

// labelled labels the goroutine that calls it, and a context.
func labelled(ctx context.Context, key, value string) context.Context {
	ctx = pprof.WithLabels(ctx, pprof.Labels(key, value))
	pprof.SetGoroutineLabels(ctx)
	return ctx
}

// labelledStacks returns the stacks of all goroutines by label.
func labelledStacks() func(key, value string) string {
	found := make(map[string]string)
	for _, g := range lifecycle.Goroutines() {
		for _, key := range []string{taskLabel, workerLabel} {
			found[key+"="+g.Label(key)] += g.Stack
		}
	}
	return func(key, value string) string { return found[key+"="+value] }
}
