package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"time"

	"example.com/ostov/internal/constructor"
)

// ErrDone is returned by a service or a schedule that is done for good: it ends
// without fault and does not run again. It may be wrapped.
var ErrDone = errors.New("done")

// Restart says after which ends a [Service] runs again.
type Restart int8

// The restart policies.
const (
	OnFailure Restart = iota // after an error or a panic; nil means that it is done
	Always                   // after nil, too: nil counts as a restart like any other
	Never                    // it runs once; after an error or a panic it gives up
)

// GiveUp says what follows when a [Service] has used up its restarts.
type GiveUp int8

// The ways to give up.
const (
	StopApplication GiveUp = iota // the application stops, with the service's error as the cause
	Degrade                       // not ready until the service has run for MaxBackoff; restarts, where it has any, go on
	Ignore                        // the service stays down
)

// Service is work that lives with the process. Run returns when its context
// ends. What it returns before that is judged by the policies below, and so is
// a panic or runtime.Goexit. A run's context ends with the run.
type Service struct {
	Name string // in logs, metrics and errors; no two tasks share one

	// Exactly one of the two is given. RunReady holds the start of the
	// application until it calls ready, and fails the start by ending before.
	Run      func(ctx context.Context) error
	RunReady func(ctx context.Context, ready func()) error

	Restart Restart

	// The pause before a restart is Backoff (0: 500ms; at least 1ms), doubled for
	// each restart within Window up to MaxBackoff (0: 30s), less up to a half of
	// it by chance, so that replicas do not move in step.
	Backoff, MaxBackoff time.Duration

	// A service that would need more than MaxRestarts (0: 10; -1: no limit)
	// within Window (0: 5m) gives up.
	MaxRestarts int
	Window      time.Duration
	GiveUp      GiveUp
}

func (s Service) adopt(t *task) (f faults) {
	s.Backoff = cmp.Or(s.Backoff, 500*time.Millisecond)
	s.MaxBackoff = cmp.Or(s.MaxBackoff, max(30*time.Second, s.Backoff))
	s.MaxRestarts = cmp.Or(s.MaxRestarts, 10)
	s.Window = cmp.Or(s.Window, 5*time.Minute)
	t.state.Name, t.state.Kind = s.Name, service
	t.holds, t.recovery = s.RunReady != nil, s.MaxBackoff
	t.plan = &supervisor{Service: s, task: t, next: time.Now()}

	f.add(s.Name == "" && s.Run != nil, "no name; it runs %s", constructor.Name(s.Run))
	f.add(s.Name == "" && s.Run == nil, "no name; it runs %s", constructor.Name(s.RunReady))
	f.add((s.Run == nil) == (s.RunReady == nil), "want one function, Run or RunReady")
	f.add(s.Restart < OnFailure || s.Restart > Never, "Restart is %d; want OnFailure, Always or Never", s.Restart)
	f.add(s.GiveUp < StopApplication || s.GiveUp > Ignore, "GiveUp is %d; want StopApplication, Degrade or Ignore", s.GiveUp)
	f.add(s.Backoff < time.Millisecond, "Backoff is %v; want 1ms or more", s.Backoff)
	f.add(s.MaxBackoff < s.Backoff, "MaxBackoff is %v; want at least Backoff, which is %v", s.MaxBackoff, s.Backoff)
	f.add(s.MaxRestarts < -1, "MaxRestarts is %d; want -1 or more", s.MaxRestarts)
	f.add(s.Window < 0, "Window is %v; want more than 0", s.Window)
	return f
}
