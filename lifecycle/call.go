package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"time"
)

// The outcomes of a call.
const (
	running   = "running"
	ok        = "ok"
	failed    = "error"
	panicked  = "panic"
	abandoned = "abandoned" // it had not returned at its limit
	late      = "late"      // abandoned, but has returned since
)

// result is what a Setup returned.
type result struct {
	cleanup Cleanup
	err     error
}

// call runs f in a goroutine of its own, so that one that hangs can be left
// behind: where f has not returned one grace after the end of ctx, the outcome
// is ErrAbandoned. What f starts can be found in profiles by the hook's name.
func (e *Engine) call(ctx context.Context, op string, n *entry, grace time.Duration, f Setup) (Cleanup, error) {
	c := &n.start
	if op == "stop" {
		c = &n.stop
	}
	e.mu.Lock()
	c.Begin, c.Outcome = time.Now(), running
	e.mu.Unlock()
	ctx = e.observe(ctx, Event{Op: op, Hook: &n.Hook, Begins: true})

	r, pending := bounded(ctx, grace, func(ctx context.Context) (cleanup Cleanup, err error) {
		pprof.Do(ctx, n.labels, func(ctx context.Context) {
			cleanup, err = f(ctx)
		})
		return cleanup, err
	})
	err := r.err
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) && errors.Is(cause, context.DeadlineExceeded) {
			err = fmt.Errorf("%w (%w)", err, cause)
		}
		err = &HookError{Op: op, Hook: n.Name, Phase: n.Phase, Err: err}
	}

	e.mu.Lock()
	c.end(err)
	runtime := c.Duration
	e.mu.Unlock()
	e.observe(ctx, Event{Op: op, Hook: &n.Hook, Runtime: runtime, Err: err})
	if pending != nil {
		go e.await(n, c, pending)
	}
	return r.cleanup, err
}

// await hears the result of a call that was left behind. What a Setup has
// acquired after all is released at once: the rollback has passed by, and nobody
// else will do it.
func (e *Engine) await(n *entry, c *Call, pending <-chan result) {
	r := <-pending
	e.mu.Lock()
	c.Outcome = late
	e.mu.Unlock()
	if r.err == nil && r.cleanup != nil {
		ctx, cancel := limit(e.values, e.limits.Stop)
		defer cancel()
		_ = e.tearDown(ctx, n, r.cleanup, floor) // the observer hears its error
	}
}

// end notes what the call has come to.
func (c *Call) end(err error) {
	c.Duration, c.Outcome = time.Since(c.Begin), ok
	if err == nil {
		return
	}
	c.Outcome, c.Error = failed, err.Error()
	if p := (*PanicError)(nil); errors.As(err, &p) {
		c.Outcome, c.Stack = panicked, string(p.Stack)
	}
	if errors.Is(err, ErrAbandoned) {
		c.Outcome = abandoned
	}
}

// bounded returns what f returned, or ErrAbandoned and where its result will
// come. f may panic, or call runtime.Goexit.
func bounded(ctx context.Context, grace time.Duration, f Setup) (r result, pending <-chan result) {
	done := make(chan result, 1)
	go func() {
		var r result
		returned := false
		defer func() {
			r.err = Outcome(recover(), returned, r.err)
			done <- r
		}()
		r.cleanup, r.err = f(ctx)
		returned = true
	}()
	select {
	case r := <-done:
		return r, nil
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case r := <-done:
		return r, nil
	case <-timer.C:
		return result{err: ErrAbandoned}, done
	}
}
