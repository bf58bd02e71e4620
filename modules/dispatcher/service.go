package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/ostov/internal/constructor"
)

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

// supervisor is the plan of a service: whether and when it runs again.
type supervisor struct {
	Service
	task     *task
	next     time.Time   // when the next run is due
	restarts []time.Time // those within Window, the oldest first
}

// remembered is how many restarts are kept where there is no limit to them.
const remembered = 64

var errEnded = errors.New("it returned nil")

func (s *supervisor) due(time.Time) time.Time { return s.next }

func (s *supervisor) run(ctx context.Context) error {
	if s.Run != nil {
		return s.Run(ctx)
	}
	run := s.task.state.Starts
	return s.RunReady(ctx, func() { s.task.ready(run) })
}

func (s *supervisor) judge(now time.Time, err error) (state State, degraded bool) {
	if err == nil && s.Restart != Always {
		return Ended, false
	}
	if s.Restart != Never {
		n := s.restart(now)
		spent := s.MaxRestarts >= 0 && n >= s.MaxRestarts
		if !spent || s.GiveUp == Degrade {
			s.next = now.Add(s.backoff(n))
			return Waiting, spent
		}
		err = fmt.Errorf("more than %d restarts in %v: %w", s.MaxRestarts, s.Window, cmp.Or(err, errEnded))
	}
	if s.GiveUp == StopApplication {
		s.task.cause = s.task.fault(fmt.Errorf("gave up: %w", err))
	}
	return Failed, s.GiveUp == Degrade
}

// restart notes a restart and returns how many came before it within Window.
func (s *supervisor) restart(now time.Time) int {
	s.restarts = slices.DeleteFunc(s.restarts, func(t time.Time) bool { return now.Sub(t) >= s.Window })
	n := len(s.restarts)
	if n == max(s.MaxRestarts, remembered) {
		s.restarts = slices.Delete(s.restarts, 0, 1)
	}
	s.restarts = append(s.restarts, now)
	return n
}

// backoff returns the pause of a restart with n before it.
func (s *supervisor) backoff(n int) time.Duration {
	pause := s.MaxBackoff
	if s.Backoff <= s.MaxBackoff>>n {
		pause = s.Backoff << n
	}
	return pause - rand.N(pause/2)
}
