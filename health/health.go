// Package health asks the parts of an application how they are.
//
// A module gives a [Check] with [Provide]; the [Registry] answers for all of
// them.
package health

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/fx"
)

// Kind says what a failing check means.
type Kind string

// The kinds, as orchestrators use them.
const (
	KindLive    Kind = "live"    // the process is broken and only a restart helps: never about another system
	KindReady   Kind = "ready"   // it cannot take work now
	KindStartup Kind = "startup" // it has not come up yet
)

// timeout bounds a check, fresh is how long its answer is used again.
const (
	timeout = time.Second
	fresh   = time.Second
)

// Check is one question and its name. Probe returns nil where all is well; it
// may be called from any goroutine, its context ends after a second.
type Check struct {
	Name  string
	Kind  Kind
	Probe func(ctx context.Context) error
}

// Live makes a check of whether the process works at all.
func Live(name string, probe func(context.Context) error) Check {
	return Check{Name: name, Kind: KindLive, Probe: probe}
}

// Ready makes a check of whether the process can take work.
func Ready(name string, probe func(context.Context) error) Check {
	return Check{Name: name, Kind: KindReady, Probe: probe}
}

// Startup makes a check of whether the process has come up.
func Startup(name string, probe func(context.Context) error) Check {
	return Check{Name: name, Kind: KindStartup, Probe: probe}
}

// Provide adds the Check that constructor returns to the application.
func Provide(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"health"`)))
}

// Registry runs checks: side by side, each within a second, each at most once
// at a time and at most once a second.
type Registry struct {
	running func() bool

	mu     sync.Mutex
	checks []*checked
}

// NewRegistry makes a registry without checks. Nothing is ready nor started up
// while running says no.
func NewRegistry(running func() bool) *Registry { return &Registry{running: running} }

// Add adds checks.
func (r *Registry) Add(checks ...Check) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range checks {
		r.checks = append(r.checks, &checked{Check: c})
	}
}

// ErrNotRunning reports an application that is starting, or that stops.
var ErrNotRunning = errors.New("the application is not running")

// Live reports whether all checks of the kind live pass. It and Ready are what
// a server's probes ask.
func (r *Registry) Live(ctx context.Context) bool { return r.Err(ctx, KindLive) == nil }

// Ready reports whether the application runs and all its checks of the kind
// ready pass.
func (r *Registry) Ready(ctx context.Context) bool { return r.Err(ctx, KindReady) == nil }

// Err returns what is wrong in the checks of one kind: nil, or the joined
// errors with the names of their checks.
func (r *Registry) Err(ctx context.Context, kind Kind) error {
	if kind != KindLive && !r.running() {
		return ErrNotRunning
	}
	r.mu.Lock()
	checks := r.checks
	r.mu.Unlock()
	errs := make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		if c.Kind == kind {
			all.Go(func() { errs[i] = c.err(ctx) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

// checked is a check with its last answer.
type checked struct {
	Check

	mu   sync.Mutex
	at   time.Time
	last error
	busy chan struct{} // closes when the probe under way has answered; nil: none is
}

func (c *checked) err(ctx context.Context) error {
	c.mu.Lock()
	if c.busy == nil && !c.at.IsZero() && time.Since(c.at) < fresh {
		defer c.mu.Unlock()
		return c.last
	}
	if c.busy == nil {
		c.busy = make(chan struct{})
		go c.probe(context.WithoutCancel(ctx), c.busy)
	}
	busy := c.busy
	c.mu.Unlock()

	late := time.NewTimer(timeout)
	defer late.Stop()
	select {
	case <-busy:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.last
	case <-late.C:
		return fmt.Errorf("%s: no answer within %v", c.Name, timeout)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", c.Name, ctx.Err())
	}
}

// probe asks once. A probe that ignores its context keeps others from being
// started, so that they do not pile up.
func (c *checked) probe(ctx context.Context, busy chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := errors.New("the probe ended without returning")
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", c.Name, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last, c.at, c.busy = err, time.Now(), nil
		close(busy)
	}()
	err = c.Probe(ctx)
}
