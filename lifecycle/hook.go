package lifecycle

import (
	"context"
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

	// Role names the kind of work that the hook takes, where a process may be one of
	// several that take different kinds: http, tcp, jobs. Empty: every process runs it.
	Role string

	// LongStart bounds a Setup that may take its time, such as a migration: the
	// limit of the whole start stands still meanwhile. 0: it does not.
	LongStart time.Duration
}

// Margin is what a hook that keeps a limit of its own adds to it for its
// StopTimeout, so that it can tell itself what it had to leave behind.
const Margin = 500 * time.Millisecond

// Event tells an [Observer] that a hook's Setup (Op "start") or Cleanup (Op
// "stop") begins or has ended, or the whole start or stop.
type Event struct {
	Op      string
	Hook    *Hook // not to be changed; nil: the whole
	Begins  bool  // and nothing below is known yet
	Runtime time.Duration
	Err     error
}

// Observer hears of each beginning, and returns the context for what begins:
// ctx, or one made of it. It hears of the end with that same context, and what
// it returns then is not used. The context of a whole start or stop is the
// parent of those of its hooks. Several goroutines may call it at a time; it is
// to be quick, and not to panic.
type Observer func(ctx context.Context, e Event) context.Context

// Decorator returns the hook to run in place of h, as [Engine.Decorate] wants it.
type Decorator func(h Hook) Hook

// entry is a hook in the engine's list, with what has become of it.
type entry struct {
	Hook
	labels      pprof.LabelSet // of its goroutines
	cleanup     Cleanup        // nil where there is nothing to release
	start, stop Call
}
