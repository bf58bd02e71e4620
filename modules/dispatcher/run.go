package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// plan is what tells a service from a schedule. Its methods are called by the
// task's goroutine.
type plan interface {
	// wait returns true when the next run is due and false where there will be
	// none, at the latest when the task is told to end.
	wait() bool

	// run does the work once.
	run(ctx context.Context) error

	// judge tells what follows a run that ended with err at now, untold.
	judge(now time.Time, err error) *verdict
}

// verdict is what the end of a run means for its task; nil is a quiet end for
// good.
type verdict struct {
	state    State
	next     time.Time // when the next run is due, where that is known
	degraded bool
	unready  error // not nil: the start fails
	result   error // not nil: the stop tells it
	cause    error // not nil: the application stops
}

// task is a service or a schedule in the care of a dispatcher.
type task struct {
	d        *Dispatcher
	plan     plan
	holds    bool          // the start waits until it is ready
	recovery time.Duration // how long a run lasts until the task is not degraded any more
	over     bool          // no further run; for the task's goroutine only

	mu       sync.Mutex // guards the rest; Name and Kind do not change
	state    TaskState
	cancel   context.CancelCauseFunc // ends the run's context
	told     bool                    // to end
	wasReady bool
	result   error // what it returned when told, instead of ending quietly
}

// live is the life of a task, in one goroutine. Where a run ends it by
// runtime.Goexit, the life goes on in another.
func (t *task) live() {
	left := false
	defer func() {
		switch {
		case !left:
			go t.live()
		case t.d.alive.Add(-1) == 0:
			close(t.d.ended)
		}
	}()
	ctx := labelled(t.d.root, taskLabel, t.state.Name)
	for !t.over && t.plan.wait() {
		t.once(ctx)
	}
	if !t.over {
		t.enter(nil, time.Now(), 0, nil)
	}
	left = true
}

// once is one run. Its context is not ended by a parent's: for thousands of
// tasks that is slower than to tell each.
func (t *task) once(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	begun := t.begin(cancel)
	var err error
	returned := false
	defer func() {
		err = outcome(recover(), returned, err)
		cancel(nil)
		t.end(begun, err)
	}()
	err = t.plan.run(ctx)
	returned = true
}

func (t *task) begin(cancel context.CancelCauseFunc) time.Time {
	now := time.Now()
	t.mu.Lock()
	s := &t.state
	s.State, s.Since, s.Begun, s.Next = Running, now, now, time.Time{}
	if t.holds {
		s.State = Starting
	}
	if s.Starts++; s.Starts > 1 && s.Kind == service {
		s.Restarts++
	}
	t.cancel = cancel
	told := t.told
	e := t.event(nil)
	t.mu.Unlock()
	if told {
		cancel(ErrStopping)
	}
	t.d.emit(e)
	return now
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
	t.d.emit(e)
	if first {
		t.d.readiness <- nil
	}
}

// tell tells the task to end.
func (t *task) tell() {
	t.mu.Lock()
	t.told = true
	cancel := t.cancel
	t.mu.Unlock()
	if cancel != nil {
		cancel(ErrStopping)
	}
}

// end hears that a run ended with err.
func (t *task) end(begun time.Time, err error) {
	now := time.Now()
	v, err := t.judge(now, err)
	t.enter(v, now, now.Sub(begun), err)
	if v == nil {
		return
	}
	if v.unready != nil {
		t.d.readiness <- v.unready
	}
	if v.cause != nil {
		t.d.shutdown.Shutdown(v.cause)
	}
}

// judge tells what follows a run that ended with err, and what of err counts.
func (t *task) judge(now time.Time, err error) (*verdict, error) {
	t.mu.Lock()
	told, held := t.told, t.holds && !t.wasReady
	t.wasReady = true
	t.mu.Unlock()
	switch {
	case told && isStop(err):
		return nil, nil
	case told:
		return &verdict{state: Failed, result: t.fault(err)}, err
	case held:
		err = fmt.Errorf("ended before it was ready: %w", cmp.Or(err, errEnded))
		return &verdict{state: Failed, unready: t.fault(err)}, err
	default:
		return t.plan.judge(now, err), err
	}
}

// fault is an error of the task, which it names.
func (t *task) fault(err error) error {
	return fmt.Errorf("%s %q: %w", t.state.Kind, t.state.Name, err)
}

// enter puts the task into the state that v says, after a run that took so long
// and ended with err; 0 and nil where it ends while it waits.
func (t *task) enter(v *verdict, now time.Time, took time.Duration, err error) {
	t.over = v == nil || v.state != Waiting
	if errors.Is(err, ErrDone) {
		err = nil
	}
	t.mu.Lock()
	s := &t.state
	s.State, s.Since, s.Next, s.Degraded = Ended, now, time.Time{}, false
	if v != nil {
		s.State, s.Next, s.Degraded, t.result = v.state, v.next, v.degraded, v.result
	}
	if took > 0 {
		s.Took, s.Longest = took, max(took, s.Longest)
	}
	if err != nil {
		s.Failures++
		s.Error = err.Error()
	}
	e := t.event(err)
	t.mu.Unlock()
	t.d.emit(e)
}

// settle returns what the task returned when told, instead of ending quietly.
// With stacks, the limit of the stop is reached: a task that has not ended is
// left behind.
func (t *task) settle(stacks func(key, value string) string) error {
	t.mu.Lock()
	s := &t.state
	if stacks == nil || s.State == Ended || s.State == Failed {
		defer t.mu.Unlock()
		return t.result
	}
	e := &Event{TaskState: *s, Stack: stacks(taskLabel, s.Name)}
	e.close(Abandoned)
	*s = e.TaskState
	t.mu.Unlock()
	t.d.emit(e)
	return e.ignored()
}

// plans notes when the next run is due.
func (t *task) plans(next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Next = next
}

func (t *task) snapshot() TaskState {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.State == Running && time.Since(t.state.Since) >= t.recovery {
		t.state.Degraded = false
	}
	return t.state
}

// event tells of the state that the task has entered, nil where nobody would
// hear. The caller holds the lock.
func (t *task) event(err error) *Event {
	if err == nil && !t.d.heard() {
		return nil
	}
	return &Event{TaskState: t.state, Err: err, Stack: stackOf(err)}
}

// sleep returns true after d, and false as soon as one of the channels closes.
func sleep(d time.Duration, told, stopping <-chan struct{}) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-told:
		case <-stopping:
		case <-timer.C:
		}
	}
	select {
	case <-told:
		return false
	case <-stopping:
		return false
	default:
		return true
	}
}
