package lifecycle

import (
	"runtime/pprof"
	"time"
)

// Hook is one part of an application in the engine's list.
type Hook struct {
	Name   string
	Caller string // who appended it, for events; may be empty
	Phase  Phase

	// Setup acquires. A nil Setup means that what Cleanup releases is held from
	// the moment of Append: it runs on every path, a stop before start included.
	Setup   Setup
	Cleanup Cleanup // only with a nil Setup

	// StartTimeout and StopTimeout bound this hook within the limits of the
	// whole; 0 leaves it those.
	StartTimeout, StopTimeout time.Duration
}

// Margin is what a hook that keeps a limit of its own adds to it for its
// StopTimeout, so that it can tell itself what it had to leave behind.
const Margin = 500 * time.Millisecond

// Event tells an observer that a hook's Setup (Op "start") or Cleanup (Op
// "stop") begins or has ended.
type Event struct {
	Op      string
	Hook    *Hook // not to be changed
	Begins  bool  // and nothing below is known yet
	Runtime time.Duration
	Err     error
}

// entry is a hook in the engine's list, with what has become of it.
type entry struct {
	Hook
	labels      pprof.LabelSet // of its goroutines
	cleanup     Cleanup        // nil where there is nothing to release
	start, stop call
}

// call is one run of a hook's Setup or Cleanup.
type call struct {
	begun   time.Time // zero: it has not begun
	runtime time.Duration
	outcome string
	err     error
}
