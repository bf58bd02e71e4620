package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
)

// ErrDone is returned by a service or a schedule that is done for good: it ends
// without fault and does not run again. It may be wrapped.
var ErrDone = errors.New("done")

// plan is what tells a service from a schedule: when the next run is due (zero:
// never), what runs, and what follows a run that ended with err at now, untold and
// not done.
type plan interface {
	due(now time.Time) time.Time
	run(ctx context.Context) error
	judge(now time.Time, err error) (state State, degraded bool)
}

// task is a service or a schedule in the care of a dispatcher.
type task struct {
	d        *Dispatcher
	plan     plan
	holds    bool               // the start, until it is ready
	recovery time.Duration      // how long a run lasts until the task is not degraded any more
	stopping lifecycle.Stopping // closes when no run may begin any more
	nudge    chan struct{}      // ends a wait: the next run is due
	over     bool               // no further run; it, cause and own are the goroutine's own
	cause    error              // why the application is to stop
	own      context.Context    // of the last run, with its span

	mu       sync.Mutex // guards the rest; Name and Kind do not change
	state    TaskState
	cancel   context.CancelCauseFunc // ends the run's context
	told     bool                    // to end
	again    bool                    // the run under way was told to end and is to be followed at once
	wasReady bool
	result   error // what it returned when told, instead of ending quietly
}

func (t *task) live() {
	ctx := labelled(t.d.root, taskLabel, t.state.Name)
	t.own = ctx
	for !t.over {
		if now, due := t.wait(); due {
			t.once(ctx, now)
		} else {
			t.enter(Ended, false, now, 0, nil)
		}
	}
}

// wait returns, with the time, when the next run is due, or none will be.
func (t *task) wait() (now time.Time, due bool) {
	for {
		now = time.Now()
		if lifecycle.Stopping(t.d.told).Begun() || t.stopping.Begun() {
			return now, false
		}
		next := t.plan.due(now)
		left := next.Sub(now)
		if left <= 0 {
			return now, !next.IsZero()
		}
		t.mu.Lock()
		t.state.Next = next
		t.mu.Unlock()
		select {
		case <-t.d.told:
		case <-t.stopping:
		case <-t.nudge:
			return time.Now(), true
		case <-time.After(min(left, grace/2)): // the wall clock may have been set
		}
	}
}

// once is one run. No parent ends its context: to tell each of thousands is faster.
func (t *task) once(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithCancelCause(ctx)
	if t.own = ctx; t.d.tracer != nil {
		ctx = t.trace()
	}
	t.begin(now, cancel)
	var err error
	returned := false
	defer func() {
		err = lifecycle.Outcome(recover(), returned, err)
		cancel(nil)
		t.end(now, err)
	}()
	err = t.plan.run(ctx)
	returned = true
}

func (t *task) begin(now time.Time, cancel context.CancelCauseFunc) {
	t.mu.Lock()
	select {
	case <-t.nudge: // this is the run
	default:
	}
	s := &t.state
	s.State, s.Since, s.Begun, s.Next = Running, now, now, time.Time{}
	if t.holds {
		s.State = Starting
	}
	if s.Starts++; s.Starts > 1 && s.Kind == service {
		s.Restarts++
		s.Failing = false
	}
	t.cancel = cancel
	told := t.told
	e := t.event(nil)
	t.mu.Unlock()
	if told {
		cancel(ErrStopping)
	}
	t.d.emit(t.own, e)
}

// ready hears that a run is ready that holds the start.
func (t *task) ready(run int) {
	t.mu.Lock()
	if t.state.State != Starting || t.state.Starts != run {
		t.mu.Unlock()
		return // heard before, or too late
	}
	first := !t.wasReady
	t.wasReady = true
	t.state.State, t.state.Since = Running, time.Now()
	e := t.event(nil)
	t.mu.Unlock()
	t.d.emit(t.d.root, e)
	if first {
		t.d.readiness <- nil
	}
}

func (t *task) tell() {
	t.mu.Lock()
	t.told = true
	cancel := t.cancel
	t.mu.Unlock()
	if cancel != nil {
		cancel(ErrStopping)
	}
}

func (t *task) end(begun time.Time, err error) {
	now := time.Now()
	state, degraded, err := t.judge(now, err)
	if t.d.measures() {
		t.measure(now.Sub(begun), state, err)
	}
	t.enter(state, degraded, now, now.Sub(begun), err)
	if t.cause != nil {
		t.d.p.Shutdown.Shutdown(t.cause)
	}
}

// judge tells what follows a run that ended with err, and what of err counts.
func (t *task) judge(now time.Time, err error) (State, bool, error) {
	t.mu.Lock()
	told, held, again := t.told, t.holds && !t.wasReady, t.again
	t.again = false
	if told && !isStop(err) {
		t.result = t.fault(err)
	}
	t.mu.Unlock()
	switch {
	case told && isStop(err):
		return Ended, false, nil
	case told:
		return Failed, false, err
	case held:
		err = fmt.Errorf("ended before it was ready: %w", cmp.Or(err, errEnded))
		t.d.readiness <- t.fault(err)
		return Failed, false, err
	case again && isStop(err):
		return Waiting, false, nil // and due, as the run was that has ended
	case again:
		return Waiting, false, err
	case errors.Is(err, ErrDone):
		return Ended, false, nil
	}
	state, degraded := t.plan.judge(now, err)
	return state, degraded, err
}

func (t *task) fault(err error) error {
	return fmt.Errorf("%s %q: %w", t.state.Kind, t.state.Name, err)
}

// enter puts the task into a state, after a run that took so long, if any.
func (t *task) enter(state State, degraded bool, now time.Time, took time.Duration, err error) {
	var next time.Time
	if t.over = state != Waiting; !t.over {
		next = t.plan.due(now)
	}
	t.mu.Lock()
	s := &t.state
	s.State, s.Degraded, s.Since, s.Next = state, degraded, now, next
	if took > 0 {
		s.Took, s.Longest = took, max(took, s.Longest)
	}
	s.Failing = err != nil
	if err != nil {
		s.Failures++
		s.Error = err.Error()
	}
	e := t.event(err)
	t.mu.Unlock()
	t.d.emit(t.own, e)
}

// settle returns what the task returned when told, instead of ending quietly.
// With stacks, the time of the stop is spent: one that runs on is left behind.
func (t *task) settle(stacks func(key, value string) string) error {
	t.mu.Lock()
	s := &t.state
	if stacks == nil || s.State == Ended || s.State == Failed {
		defer t.mu.Unlock()
		return t.result
	}
	e := newEvent(s, nil)
	e.close(Abandoned)
	*s = e.TaskState
	t.mu.Unlock()
	return t.d.abandon(e, stacks(taskLabel, s.Name))
}

func (t *task) snapshot() TaskState {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.State == Running && time.Since(t.state.Since) >= t.recovery {
		t.state.Degraded = false
	}
	return t.state
}

// event tells what the task has entered; nil: nobody would hear. It is locked.
func (t *task) event(err error) *event {
	if err == nil && !t.d.p.Log.Core().Enabled(zapcore.DebugLevel) {
		return nil
	}
	return newEvent(&t.state, err)
}
