package dispatcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// reserve is what a stop keeps for its report of the time that ctx leaves it.
const reserve = 100 * time.Millisecond

// Stop ends all work and returns when it has ended, at Config.StopTimeout or at
// the end of ctx, whichever comes first:
//
//   - Go and Wait take nothing more.
//   - What runs is told by its context: services and schedules at once;
//     one-shots, which end by themselves, go on, those in the queue too, and are
//     told when a fifth of the time is left. From then on none is begun.
//   - All are awaited side by side.
//   - What runs on is logged with its age and stack and left behind, what was not
//     begun is logged, and the error names both.
//
// The error also has what tasks returned that did not end quietly when told. A
// stop before the start makes a start impossible. Further calls wait for the
// first and return what it does.
func (d *Dispatcher) Stop(ctx context.Context) error {
	d.mu.Lock()
	was := d.phase
	d.phase = down
	d.mu.Unlock()
	if was != down {
		d.pool.close()
		if was == up {
			d.result = d.stop(ctx)
		} else {
			d.result = d.pool.giveBack()
		}
		close(d.stopped)
	}
	select {
	case <-d.stopped:
		return d.result
	case <-ctx.Done():
		return fmt.Errorf("wait for the stop of the dispatcher: %w", context.Cause(ctx))
	}
}

func (d *Dispatcher) stop(ctx context.Context) error {
	begun, limit := time.Now(), d.limit(ctx)
	d.log.Info("shutting down", zap.Duration("limit", limit))
	close(d.told)
	for _, t := range d.tasks {
		t.tell()
	}
	late := time.NewTimer(limit - limit/5)
	defer late.Stop()
	end := time.NewTimer(limit)
	defer end.Stop()
	var errs []error
	tasks, oneShots, spent := d.ended, d.pool.ended, false
	for !spent && (tasks != nil || oneShots != nil) {
		select {
		case <-tasks:
			tasks = nil
		case <-oneShots:
			oneShots = nil
		case <-late.C:
			errs = append(errs, d.pool.giveBack())
			d.pool.tell(ErrStopping)
		case <-end.C:
			spent = true
		case <-ctx.Done():
			spent = true
		}
	}
	errs = append(errs, d.pool.giveBack())
	d.pool.tell(ErrStopping)
	errs = append(errs, d.settle(spent)...)
	err := errors.Join(errs...)
	d.log.Info("stopped", zap.Duration("took", time.Since(begun)), zap.Bool("clean", err == nil))
	return err
}

// limit returns how long a stop may take: what is configured, or what ctx
// leaves.
func (d *Dispatcher) limit(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return d.config.StopTimeout
	}
	left := max(time.Until(deadline), 0)
	return min(d.config.StopTimeout, left-min(reserve, left/2))
}

// settle returns what each task has to say of the stop. Where its time is spent,
// all that still runs is left behind.
func (d *Dispatcher) settle(spent bool) []error {
	var stacks func(key, value string) string
	if spent {
		stacks = d.stacks()
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
	running, labels := d.pool.running()
	for i, s := range running {
		e := &Event{TaskState: s, Stack: stacks(workerLabel, labels[i])}
		e.close(Abandoned)
		d.emit(e)
		errs = append(errs, e.ignored())
	}
	return errs
}

// ignored is the error about work that was left behind.
func (e *Event) ignored() error {
	return fmt.Errorf("%s %q ignores the stop: it has run for %v and is left behind", e.Kind, e.Name, e.Took.Round(time.Millisecond))
}

// The labels of the goroutines of tasks and workers, and of all that they start:
// profiles tell them apart, and a stop can show what holds it.
const (
	taskLabel   = "dispatcher.task"
	workerLabel = "dispatcher.worker"
)

// labelled labels the goroutine that calls it, and a context.
func labelled(ctx context.Context, key, value string) context.Context {
	ctx = pprof.WithLabels(ctx, pprof.Labels(key, value))
	pprof.SetGoroutineLabels(ctx)
	return ctx
}

// plant makes the root of all work. Of the start's context it keeps the labels,
// by which the engine knows its own; the rest, such as the trace of the start,
// would be kept for as long as the application lives.
func (d *Dispatcher) plant(start context.Context) {
	var labels []string
	pprof.ForLabels(start, func(key, value string) bool {
		labels = append(labels, key, value)
		d.labels = append(d.labels, strconv.Quote(key)+":"+strconv.Quote(value))
		return true
	})
	d.root = pprof.WithLabels(context.Background(), pprof.Labels(labels...))
}

// stacks returns a function that returns the stacks of the goroutines with a
// label. They are read from the text form of the goroutine profile, the one that
// has both (runtime/pprof, Profile.WriteTo with debug=1).
func (d *Dispatcher) stacks() func(key, value string) string {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1) // a bytes.Buffer does not fail
	found := make(map[string]string)
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		_, rest, _ := strings.Cut(record, "\n# labels: ")
		labels, frames, _ := strings.Cut(rest, "\n")
		if slices.ContainsFunc(d.labels, func(own string) bool { return !strings.Contains(labels, own) }) {
			continue // of another application in this process
		}
		for _, key := range []string{taskLabel, workerLabel} {
			_, after, _ := strings.Cut(labels, strconv.Quote(key)+":")
			value, _ := strconv.QuotedPrefix(after) // empty: it has no such label
			for line := range strings.SplitSeq(frames, "\n") {
				if fields := strings.Fields(line); len(fields) >= 4 { // "#", address, function, file:line
					found[key+value] += fields[2] + " " + fields[len(fields)-1] + "\n"
				}
			}
		}
	}
	return func(key, value string) string { return found[key+strconv.Quote(value)] }
}
