package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

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
	if errors.Is(err, ErrDone) || err == nil && s.Restart != Always {
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
