package dispatcher

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/telemetry"
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
	Failing  bool          `json:"failing"`         // the last run was one of those; of a service: and none has begun since
	Degraded bool          `json:"degraded"`        // the application is not ready because of it
	Begun    time.Time     `json:"begun,omitzero"`  // the last run
	Took     time.Duration `json:"took_ns"`         // the last run that ended or was abandoned
	Longest  time.Duration `json:"longest_ns"`      // of those
	Next     time.Time     `json:"next,omitzero"`   // when the next run or restart is due
}

// event is the state that a task has entered, for the log.
type event struct {
	TaskState
	err   error  // what the run ended with, or why there was none
	stack string // of a panic, or of the goroutines of an abandoned task
}

func newEvent(s *TaskState, err error) *event {
	e := &event{TaskState: *s, err: err}
	if p, ok := errors.AsType[*lifecycle.PanicError](err); ok {
		e.stack = string(p.Stack)
	}
	return e
}

// close ends the run that e is about.
func (e *event) close(state State) {
	e.State, e.Since, e.Next = state, time.Now(), time.Time{}
	e.Took = e.Since.Sub(e.Begun)
}

// emit tells of a change, and logs e, if any. It is apart from record, which needs
// more stack than a task has at first.
func (d *Dispatcher) emit(ctx context.Context, e *event) {
	d.change()
	if e != nil {
		d.record(ctx, e)
	}
}

// record logs e with the ids of ctx: failures as errors, the rest for who looks
// closely.
func (d *Dispatcher) record(ctx context.Context, e *event) {
	level, text := zapcore.ErrorLevel, "task failed"
	switch {
	case e.State == Abandoned && e.err != nil:
		text = "task was not begun before the stop"
	case e.State == Abandoned:
		text = "task ignores the stop and is left behind"
	case e.err == nil:
		level, text = zapcore.DebugLevel, "task"
	case e.State == Ended:
		level, text = zapcore.WarnLevel, "task was cut short by the stop"
	case e.Degraded:
		text = "task failed, the application is not ready"
	}
	record := telemetry.Log(ctx, d.p.Log).Check(level, text)
	if record == nil {
		return
	}
	record.Stack = e.stack
	record.Write(zap.String("task", e.Name), zap.String("kind", e.Kind), zap.String("state", string(e.State)),
		zap.Duration("took", e.Took), zap.Duration("next_in", max(e.Next.Sub(e.Since), 0)), zap.Error(e.err))
}

// isStop tells whether err is what a run returns that ended because it was told.
func isStop(err error) bool {
	if err == nil || err == context.Canceled { //nolint:errorlint // mostly; errors.Is needs more stack than a task has at first
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, ErrStopping) || errors.Is(err, ErrDone)
}
