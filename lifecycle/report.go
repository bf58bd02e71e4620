package lifecycle

import (
	"cmp"
	"time"
)

// Report tells what has become of each hook. It can be asked for at any time;
// what is under way is "running". Durations are in nanoseconds in JSON.
type Report struct {
	State State  `json:"state"`
	Cause string `json:"cause,omitempty"` // why the application was to end
	Error string `json:"error,omitempty"` // of the stop
	Start Span   `json:"start"`
	Stop  Span   `json:"stop"`

	Hooks []HookReport `json:"hooks"` // in the order of the start

	// Goroutines that a hook started and that were still there at the end of
	// the stop, one stack each.
	Left []string `json:"goroutines_left,omitempty"`
}

// Span is a part of an application's life: zero where it has not begun.
type Span struct {
	Begin    time.Time     `json:"begin,omitzero"`
	Duration time.Duration `json:"duration_ns"`
}

// HookReport is one hook in a [Report].
type HookReport struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
	Start *Call  `json:"start,omitempty"` // nil: not called
	Stop  *Call  `json:"stop,omitempty"`
}

// Call is one run of a hook's Setup or Cleanup.
type Call struct {
	Span
	Outcome string `json:"outcome"` // running, ok, error, panic, abandoned, late (abandoned, but returned since)
	Error   string `json:"error,omitempty"`
	Stack   string `json:"stack,omitempty"` // of a panic, or of the goroutines that hold a call which has not returned
}

// Report returns what has happened so far.
func (e *Engine) Report() Report {
	e.mu.Lock()
	r := Report{
		State: e.state,
		Start: e.start.now(),
		Stop:  e.stop.now(),
		Hooks: make([]HookReport, len(e.entries)),
		Left:  e.left,
	}
	if why := cmp.Or(e.cause, e.wish); why != nil {
		r.Cause = why.Error()
	}
	if e.result != nil {
		r.Error = e.result.Error()
	}
	for i, n := range e.entries {
		r.Hooks[i] = HookReport{Name: n.Name, Phase: n.Phase.String(), Start: n.start.now(), Stop: n.stop.now()}
	}
	e.mu.Unlock()

	var alive []Goroutine // asked for where a call is held
	for _, h := range r.Hooks {
		for _, c := range []*Call{h.Start, h.Stop} {
			if c == nil || c.Outcome != running && c.Outcome != abandoned {
				continue
			}
			if alive == nil {
				alive = goroutines(e.id)
			}
			for _, g := range alive {
				if g.Label(hookLabel) == h.Name {
					c.Stack += g.Stack
				}
			}
		}
	}
	return r
}

// now returns the span as it is now: without a duration, it goes on.
func (s Span) now() Span {
	if s.Duration == 0 && !s.Begin.IsZero() {
		s.Duration = time.Since(s.Begin)
	}
	return s
}

// now returns the call as it is now, nil where it has not begun.
func (c Call) now() *Call {
	if c.Begin.IsZero() {
		return nil
	}
	c.Span = c.Span.now()
	return &c
}
