package apptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"example.com/ostov/lifecycle"
)

// errInjected is what a hook fails and panics with.
var errInjected = errors.New("a fault that apptest.Conform injects")

// hangLimit is the limit of a hook that hangs. The engine adds its own patience.
const hangLimit = 50 * time.Millisecond

// fault is what is done to one hook.
type fault struct {
	op, hook, kind string // start or stop; its name; fails, panics or hangs
}

func (f fault) String() string {
	return fmt.Sprintf("%s of %s %s", f.op, f.hook, f.kind)
}

// strike does it. What hangs, hangs until released, whatever its context says.
func (f fault) strike(released <-chan struct{}) error {
	switch f.kind {
	case "fails":
		return errInjected
	case "panics":
		panic(errInjected)
	default:
		<-released
		return nil
	}
}

// inject changes a hook so that it does all that it does, and fails: before its
// own start, or after its own stop. One that hangs in its start acquires when it
// is released: a late success, which the engine has to release.
func (f fault) inject(h lifecycle.Hook, released <-chan struct{}) lifecycle.Hook {
	setup := h.Setup
	if f.op == "start" {
		if f.kind == "hangs" {
			h.StartTimeout, h.LongStart = hangLimit, 0
		}
		h.Setup = func(ctx context.Context) (lifecycle.Cleanup, error) {
			if err := f.strike(released); err != nil {
				return nil, err
			}
			return setup(context.WithoutCancel(ctx))
		}
		return h
	}
	if f.kind == "hangs" {
		h.StopTimeout = hangLimit
	}
	stop := func(cleanup lifecycle.Cleanup) lifecycle.Cleanup {
		return func(ctx context.Context) error {
			if cleanup != nil {
				if err := cleanup(context.WithoutCancel(ctx)); err != nil {
					return err
				}
			}
			return f.strike(released)
		}
	}
	if setup == nil {
		h.Cleanup = stop(h.Cleanup)
		return h
	}
	h.Setup = func(ctx context.Context) (lifecycle.Cleanup, error) {
		cleanup, err := setup(ctx)
		if err != nil {
			return nil, err
		}
		return stop(cleanup), nil
	}
	return h
}

// checkFaults lets each hook fail, panic and hang, one application after the
// other: a module may hold what there is only one of. What is held from the
// beginning has no start that could fail.
func (c *conformance) checkFaults() {
	for i, hook := range c.hooks {
		for _, op := range []string{"start", "stop"} {
			for _, kind := range []string{"fails", "panics", "hangs"} {
				if op == "start" && hook.Setup == nil {
					continue
				}
				f, released := fault{op, hook.Name, kind}, make(chan struct{})
				a := c.try(nil, func(n int, h lifecycle.Hook) lifecycle.Hook {
					if n == i {
						return f.inject(h, released)
					}
					return h
				})
				if a.Start(c.t.Context()) == nil {
					_ = a.stop() // the report has it
				}
				c.othersStopped(f, a)
				close(released)
				c.nothingLeft("stops because the "+f.String(), a)
			}
		}
	}
}

// othersStopped reports hooks that did not stop because another one failed.
func (c *conformance) othersStopped(f fault, a *trial) {
	for _, h := range a.Report().Hooks {
		for op, call := range map[string]*lifecycle.Call{"start": h.Start, "stop": h.Stop} {
			if call == nil || call.Outcome == "ok" || strings.Contains(call.Error, errInjected.Error()) || h.Name == f.hook && op == f.op {
				continue
			}
			c.find(h.Name, "%s does not %s properly where the %s: %s: its Cleanup may rely only on what started before it, and on no other having stopped well",
				hookOf(h.Name), op, f, call.Error)
		}
	}
}

// checkSignals ends the context of the start as a SIGTERM does, before, in and
// after the start of each hook.
func (c *conformance) checkSignals() {
	for i, hook := range c.hooks {
		if hook.Setup == nil {
			continue
		}
		for _, moment := range []string{"in", "after"} {
			ctx, signal := context.WithCancelCause(c.t.Context())
			sigterm := func() { signal(&lifecycle.SignalError{Signal: syscall.SIGTERM}) }
			before, after := sigterm, func() {}
			if moment == "after" {
				before, after = after, before
			}
			a := c.try(nil, func(n int, h lifecycle.Hook) lifecycle.Hook {
				if n == i {
					return around(h, before, after)
				}
				return h
			})
			err := a.Start(ctx)
			sigterm()
			when := "is told to end " + moment + " the start of " + hook.Name
			if !errors.Is(err, lifecycle.ErrStopped) || a.Report().State != lifecycle.Stopped {
				c.interrupted(hook.Name, when, err)
			}
			c.nothingLeft(when, a)
		}
	}
}

// interrupted reports why an interrupted start is not a clean end.
func (c *conformance) interrupted(name, when string, err error) {
	h, ofHook := errors.AsType[*lifecycle.HookError](err) // the first
	switch {
	case !ofHook:
		c.find(name, "the application ends with %v where it %s: want a clean end", err, when)
	case errors.Is(h, lifecycle.ErrAbandoned):
		c.find(h.Hook, "%s goes on where the application %s: pass its context to whatever blocks", hookOf(h.Hook), when)
	case h.Op == "start":
		c.find(h.Hook, "%s hides that its start was interrupted (%v), so that the exit code is 1: return context.Cause(ctx), or wrap it by %%w", hookOf(h.Hook), h.Err)
	default:
		c.find(h.Hook, "%s does not stop where the application %s: %v: its Cleanup may rely only on what started before it", hookOf(h.Hook), when, h.Err)
	}
}
