package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"
	"time"
)

// State is where an engine is in its life.
type State string

// The states. Stopped and Failed are final: an application that runs again is a
// new engine.
const (
	New          State = "new"
	Starting     State = "starting"
	Running      State = "running"
	ShuttingDown State = "stopping"
	Stopped      State = "stopped"
	Failed       State = "failed" // the start failed
)

// Stopping closes as the first act of a stop, before anything is released.
// Whoever begins new work watches it.
type Stopping <-chan struct{}

// Begun reports whether the stop has begun. Of a nil Stopping none ever does.
func (s Stopping) Begun() bool {
	select {
	case <-s:
		return true
	default:
		return false
	}
}

// Engine starts hooks in order and stops them in reverse. Its methods may be
// called from any goroutine.
type Engine struct {
	observe Observer
	id      string // tells this engine's goroutines from those of another

	requested chan struct{} // closes with the first Shutdown
	stopping  chan struct{} // closes as the first act of a stop
	over      chan struct{} // closes when all that was acquired is released

	mu        sync.Mutex
	limits    Limits // fixed once the state is not New
	decorate  []Decorator
	state     State
	entries   []*entry
	interrupt context.CancelCauseFunc // ends the start under way
	values    context.Context         // the start's, without its end
	asked     bool                    // by a Shutdown, to end
	cause     error                   // of the first Shutdown
	wish      error                   // why the context ended that is the application's
	result    error                   // of the stop
	start     Span
	stop      Span
	left      []string // goroutines of hooks that outlived the stop
}

// NewEngine makes an engine in state New, with the limits' defaults. observe may
// be nil.
func NewEngine(observe Observer) *Engine {
	if observe == nil {
		observe = func(ctx context.Context, _ Event) context.Context { return ctx }
	}
	e := &Engine{
		limits:    Limits{Start: 15 * time.Second, Stop: 25 * time.Second},
		observe:   observe,
		requested: make(chan struct{}),
		stopping:  make(chan struct{}),
		over:      make(chan struct{}),
		state:     New,
	}
	e.id = fmt.Sprintf("%p", e)
	return e
}

// State returns where the engine is.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Stopping returns the channel that closes as the first act of a stop.
func (e *Engine) Stopping() Stopping { return e.stopping }

// Wait returns once Shutdown was called, or ctx has ended: that is a wish, and the
// report tells its cause.
func (e *Engine) Wait(ctx context.Context) {
	select {
	case <-e.requested:
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		e.wish = context.Cause(ctx)
	}
}

// Cause returns what the first Shutdown gave.
func (e *Engine) Cause() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cause
}

// Shutdown asks for the end of the application and returns at once: a start
// under way is interrupted, a running application is stopped by whoever is in
// Wait. A nil cause is a wish, any other a failure. The first one is kept.
func (e *Engine) Shutdown(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shutdown(cause)
}

func (e *Engine) shutdown(cause error) {
	if e.asked {
		return
	}
	e.asked, e.cause = true, cause
	close(e.requested)
	if e.interrupt != nil {
		e.interrupt(cause)
	}
}

// Append adds a hook to the list. After the start began it is too late: the
// application ends with the returned error, which names the hook and is
// ErrStarted, and the hook never runs.
func (e *Engine) Append(h Hook) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != New {
		err := fmt.Errorf("append hook %s while %s: %w: append it in a constructor or an fx.Invoke", h.Name, e.state, ErrStarted)
		e.shutdown(err)
		return err
	}
	n := &entry{Hook: h, labels: pprof.Labels(engineLabel, e.id, hookLabel, h.Name)}
	if h.Setup == nil {
		n.cleanup = h.Cleanup
	}
	e.entries = append(e.entries, n)
	return nil
}

// Decorate has d change every hook of the list as the start begins: for tests
// that make a hook fail, and for what measures hooks. Once the start began it
// does nothing.
func (e *Engine) Decorate(d ...Decorator) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.decorate = append(e.decorate, d...)
}

// applyDecorators changes the hooks. The caller holds the lock.
func (e *Engine) applyDecorators() {
	for _, d := range e.decorate {
		for _, n := range e.entries {
			if n.Hook = d(n.Hook); n.Setup == nil {
				n.cleanup = n.Cleanup
			}
		}
	}
}

// Start runs the Setup of each hook in order. Where one fails, panics or is
// late, or ctx ends, or somebody calls Stop or Shutdown, everything acquired is
// released in reverse, with fresh limits, before Start returns the error with
// those of the release joined to it. An interrupted start returns ErrStopped.
//
// The values of ctx are visible to every hook, in the stop too.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	switch e.state {
	case New:
	case Starting, Running:
		e.mu.Unlock()
		return fmt.Errorf("start: %w", ErrStarted)
	default:
		e.mu.Unlock()
		return fmt.Errorf("start: %w", ErrStopped)
	}
	e.applyDecorators()
	if err := e.check(); err != nil {
		e.mu.Unlock()
		return errors.Join(err, e.Stop(ctx))
	}
	e.state = Starting
	e.start.Begin = time.Now()
	e.values = context.WithoutCancel(ctx)
	parent := ctx
	ctx, interrupt := context.WithCancelCause(parent)
	defer interrupt(nil)
	e.interrupt = interrupt
	if e.asked {
		interrupt(e.cause)
	}
	slices.SortStableFunc(e.entries, func(a, b *entry) int { return int(a.Phase) - int(b.Phase) })
	e.mu.Unlock()

	ctx = e.observe(ctx, Event{Op: "start", Begins: true})
	err := e.raise(ctx)

	e.mu.Lock()
	up := time.Since(e.start.Begin)
	e.start.Duration = up
	e.interrupt = nil
	if cause := context.Cause(ctx); cause != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, cause)) {
		err = ErrStopped
		if !errors.Is(cause, context.Canceled) {
			err = fmt.Errorf("%w: %w", ErrStopped, cause)
		}
	}
	if err == nil {
		e.state = Running
	} else {
		e.wish = context.Cause(parent)
		e.enterStop()
	}
	e.mu.Unlock()
	e.observe(ctx, Event{Op: "start", Runtime: up, Err: err})
	if err == nil {
		return nil
	}

	total, cancel := context.WithTimeout(e.values, e.limits.Stop)
	defer cancel()
	rollback := e.release(total, 0)
	final := Failed
	if rollback == nil && errors.Is(err, ErrStopped) {
		final = Stopped
	}
	e.finish(final, rollback)
	return errors.Join(err, rollback)
}

// raise runs the Setups. It stops at the first error and at the end of ctx.
func (e *Engine) raise(ctx context.Context) error {
	spent := fmt.Errorf("%w: the limit of the whole start is %v", context.DeadlineExceeded, e.limits.Start)
	deadline := time.Now().Add(e.limits.Start)
	var limited context.Context
	var release context.CancelFunc
	renew := func() { limited, release = context.WithDeadlineCause(ctx, deadline, spent) }
	renew()
	defer func() { release() }()
	for _, n := range e.entries {
		if n.Setup == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		begun := time.Now()
		if !begun.Before(deadline) {
			return spent
		}
		if n.LongStart <= 0 {
			if err := e.setUp(limited, n, n.StartTimeout); err != nil {
				return err
			}
			continue
		}
		if err := e.setUp(ctx, n, n.LongStart); err != nil {
			return err
		}
		release()
		deadline = deadline.Add(time.Since(begun))
		renew()
	}
	return nil
}

func (e *Engine) setUp(ctx context.Context, n *entry, own time.Duration) error {
	ctx, end := context.WithCancel(ctx) // who keeps it notices soon
	defer end()
	ctx, cancel := limit(ctx, own)
	defer cancel()
	cleanup, err := e.call(ctx, "start", n, startGrace, n.Setup)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n.cleanup = cleanup
	return nil
}

// Stop releases everything acquired, in reverse order of the start, and returns
// all errors, joined in the order in which they came. It may be called before,
// during and after a start and more than once: one call does the work, the
// others wait for its end, and all return its result. Where ctx ends the time is
// spent: each hook that remains gets its last moment and Stop returns.
func (e *Engine) Stop(ctx context.Context) error {
	e.mu.Lock()
	state := e.state
	switch state {
	case New, Running:
		if e.values == nil {
			e.values = context.WithoutCancel(ctx)
		}
		e.enterStop()
		e.mu.Unlock()
	case Starting:
		e.interrupt(nil)
		fallthrough
	default:
		e.mu.Unlock()
		<-e.over
		return e.result
	}

	total, cancel := context.WithTimeout(e.values, e.limits.Stop)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	var delay time.Duration
	if state == Running {
		delay = e.limits.DrainDelay
	}
	err := e.release(total, delay)
	e.finish(Stopped, err)
	return err
}

// enterStop is the first act of every stop. The caller holds the lock.
func (e *Engine) enterStop() {
	e.state = ShuttingDown
	e.stop.Begin = time.Now()
	close(e.stopping)
}

// finish is the last act of every stop.
func (e *Engine) finish(final State, result error) {
	left := leftBehind(e.id, errors.Is(result, ErrAbandoned))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left = left
	e.state = final
	e.result = result
	e.stop.Duration = time.Since(e.stop.Begin)
	close(e.over)
}
