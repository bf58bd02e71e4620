package lifecycle

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var (
	// ErrStarted reports a second start, or a hook that came after the start began.
	ErrStarted = errors.New("already started")

	// ErrStopped reports a start that a stop forestalled or interrupted.
	ErrStopped = errors.New("stopped before the start was over")

	// ErrLimits reports a stop limit that is shorter than what its parts may take.
	ErrLimits = errors.New("the limit of the stop is too short")

	// ErrAbandoned reports a hook that had not returned at its limit, although
	// its context had ended. Its goroutine may still run.
	ErrAbandoned = errors.New("still running at its limit, left behind")
)

// HookError is what one hook did wrong.
type HookError struct {
	Op    string // "start" or "stop"
	Hook  string
	Phase Phase
	Err   error
}

// Error names the hook and its phase: start http.serve (serve): cause.
func (e *HookError) Error() string {
	return fmt.Sprintf("%s %s (%s): %v", e.Op, e.Hook, e.Phase, e.Err)
}

// Unwrap returns the cause.
func (e *HookError) Unwrap() error { return e.Err }

// PanicError is a panic that was contained, or a runtime.Goexit.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked, as of debug.Stack
}

// Error returns the panic's value; the stack is for the log.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value where it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

var errGoexit = errors.New("the goroutine ended without returning (runtime.Goexit)")

// Outcome is what a call has come to that may panic: err where it returned, else a
// *PanicError. It is called deferred, while the stack still has the place:
//
//	returned := false
//	defer func() { err = lifecycle.Outcome(recover(), returned, err) }()
//	err = f(ctx)
//	returned = true
func Outcome(recovered any, returned bool, err error) error {
	switch {
	case returned:
		return err
	case recovered == nil:
		recovered = errGoexit
	}
	return &PanicError{Value: recovered, Stack: debug.Stack()}
}
