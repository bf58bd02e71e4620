// Package health asks the parts of an application how they are.
//
// A module gives a [Check] with [Provide]; the [Registry] answers for all of
// them.
package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/fx"
)

// Kind says what a failing check means.
type Kind string

// The kinds, as orchestrators use them.
const (
	Live    Kind = "live"    // the process is broken and only a restart helps: never about another system
	Ready   Kind = "ready"   // it cannot take work now
	Startup Kind = "startup" // it has not come up yet
)

// timeout bounds a check, fresh is how long its answer is used again.
const (
	timeout = time.Second
	fresh   = time.Second
)

// Check is one question. Probe returns nil where all is well; it may be called
// from any goroutine, its context ends after a second.
type Check struct {
	Name  string // no two checks of a kind share one
	Kind  Kind
	Probe func(ctx context.Context) error
}

// Check makes a check of this kind.
func (k Kind) Check(name string, probe func(context.Context) error) Check {
	return Check{Name: name, Kind: k, Probe: probe}
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

// Add adds checks. Its error names those that nobody could tell apart, or ask.
func (r *Registry) Add(checks ...Check) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range checks {
		switch {
		case c.Name == "" || c.Probe == nil:
			errs = append(errs, fmt.Errorf("health check %q: want a name and a probe", c.Name))
		case c.Kind != Live && c.Kind != Ready && c.Kind != Startup:
			errs = append(errs, fmt.Errorf("health check %q: it is of kind %q; want %s, %s or %s", c.Name, c.Kind, Live, Ready, Startup))
		case slices.ContainsFunc(r.checks, func(other *checked) bool { return other.Name == c.Name && other.Kind == c.Kind }):
			errs = append(errs, fmt.Errorf("health check %q: another one of kind %s has this name", c.Name, c.Kind))
		}
		r.checks = append(r.checks, &checked{Check: c})
	}
	return errors.Join(errs...)
}

// ErrNotRunning reports an application that is starting, or that stops.
var ErrNotRunning = errors.New("the application is not running")

// Err returns what a probe of one kind is to tell: nil, or the errors of the
// checks that fail, joined and with their names. Of the kinds ready and startup
// it is ErrNotRunning, and no check is asked, while the application does not run.
func (r *Registry) Err(ctx context.Context, kind Kind) error {
	if kind != Live && !r.running() {
		return ErrNotRunning
	}
	var errs []error
	for _, a := range r.Ask(ctx, kind) {
		if a.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", a.Name, a.Err))
		}
	}
	return errors.Join(errs...)
}

// Answer is what a check says: a nil Err, or what is wrong.
type Answer struct {
	Name string
	Kind Kind
	Err  error
}

// Ask returns what the checks of the given kinds say, of all kinds where none is
// given, in the order in which they were added. It takes a second at most.
func (r *Registry) Ask(ctx context.Context, kinds ...Kind) []Answer {
	r.mu.Lock()
	checks := slices.Clone(r.checks)
	r.mu.Unlock()
	if len(kinds) > 0 {
		checks = slices.DeleteFunc(checks, func(c *checked) bool { return !slices.Contains(kinds, c.Kind) })
	}
	answers := make([]Answer, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { answers[i] = Answer{c.Name, c.Kind, c.err(ctx)} })
	}
	all.Wait()
	return answers
}

// checked is a check with its last answer.
type checked struct {
	Check

	mu   sync.Mutex
	at   time.Time // of the last answer, or when the probe under way began
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
		c.busy, c.at = make(chan struct{}), time.Now()
		go c.probe(context.WithoutCancel(ctx), c.busy)
	}
	busy, since := c.busy, c.at
	c.mu.Unlock()

	late := time.NewTimer(timeout - time.Since(since)) // at once, where it is late already
	defer late.Stop()
	select {
	case <-busy:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.last
	case <-late.C:
		return fmt.Errorf("no answer within %v", timeout)
	case <-ctx.Done():
		return ctx.Err()
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
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last, c.at, c.busy = err, time.Now(), nil
		close(busy)
	}()
	err = c.Probe(ctx)
}
