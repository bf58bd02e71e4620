package dispatcher

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
)

// State is where a task is in its life; the package comment draws it.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for the start, a worker, the next run or a restart
	Starting  State = "starting"  // runs and is not ready yet
	Running   State = "running"   // runs
	Ended     State = "ended"     // is done, or was told to end
	Failed    State = "failed"    // was given up
	Abandoned State = "abandoned" // ignored the stop, or, a one-shot, was not begun before it
)

// The kinds of work.
const service, schedule, oneShot = "service", "schedule", "once"

// TaskState tells about one task. Durations are in nanoseconds in JSON.
type TaskState struct {
	Name     string        `json:"name"`
	Kind     string        `json:"kind"` // service, schedule or once
	State    State         `json:"state"`
	Since    time.Time     `json:"since,omitzero"`  // when it entered State
	Starts   int           `json:"starts"`          // runs that began
	Restarts int           `json:"restarts"`        // those of a service after its first
	Failures int           `json:"failures"`        // runs that ended in an error or a panic
	Error    string        `json:"error,omitempty"` // of the last of those
	Degraded bool          `json:"degraded"`        // the application is not ready because of it
	Begun    time.Time     `json:"begun,omitzero"`  // the last run
	Took     time.Duration `json:"took_ns"`         // the last run that ended or was abandoned
	Longest  time.Duration `json:"longest_ns"`      // of those
	Next     time.Time     `json:"next,omitzero"`   // when the next run or restart is due
}

// Event is the state that a task has entered. Of one-shots only the end is told,
// or that one was not taken, which is Failed with ErrQueueFull or ErrStopping.
type Event struct {
	TaskState
	Err   error  // what the run ended with, or why there was none
	Stack string // of a panic, or of the goroutines of an abandoned task
}

func event(s *TaskState, err error) *Event {
	e := &Event{TaskState: *s, Err: err}
	if p, ok := errors.AsType[*lifecycle.PanicError](err); ok {
		e.Stack = string(p.Stack)
	}
	return e
}

// close ends the run that e is about.
func (e *Event) close(state State) {
	e.State, e.Since, e.Next = state, time.Now(), time.Time{}
	e.Took = e.Since.Sub(e.Begun)
}

// emit logs e, if any, and tells the observer.
func (d *Dispatcher) emit(e *Event) {
	if e != nil {
		d.record(e)
		d.notify(e)
	}
}

// notify tells the observer, if any, and survives it.
func (d *Dispatcher) notify(e *Event) {
	if d.p.Observe == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			d.p.Log.Error("observer of tasks panicked", zap.Any("panic", v), zap.Stack("stack"))
		}
	}()
	d.p.Observe(*e)
}

// record logs e: failures as errors, the rest for who looks closely.
func (d *Dispatcher) record(e *Event) {
	level, text := zapcore.ErrorLevel, "task failed"
	switch {
	case e.State == Abandoned && e.Err != nil:
		text = "task was not begun before the stop"
	case e.State == Abandoned:
		text = "task ignores the stop and is left behind"
	case e.Err == nil:
		level, text = zapcore.DebugLevel, "task"
	case e.State == Ended:
		level, text = zapcore.WarnLevel, "task was cut short by the stop"
	case e.Degraded:
		text = "task failed, the application is not ready"
	}
	stack := zap.Skip()
	if e.Stack != "" {
		stack = zap.String("stack", e.Stack)
	}
	d.p.Log.Log(level, text,
		zap.String("task", e.Name), zap.String("kind", e.Kind), zap.String("state", string(e.State)),
		zap.Duration("took", e.Took), zap.Duration("next_in", max(e.Next.Sub(e.Since), 0)), zap.Error(e.Err), stack)
}

var errGoexit = errors.New("the goroutine ended without returning (runtime.Goexit)")

// outcome tells how a run ended. It is called deferred: a stack still has the place.
func outcome(recovered any, returned bool, err error) error {
	switch {
	case returned:
		return err
	case recovered == nil:
		recovered = errGoexit
	}
	return &lifecycle.PanicError{Value: recovered, Stack: debug.Stack()}
}

// isStop tells whether err is what a run returns that ended because it was told.
func isStop(err error) bool {
	if err == nil || err == context.Canceled { //nolint:errorlint // mostly; errors.Is needs more stack than a task has at first
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, ErrStopping) || errors.Is(err, ErrDone)
}
