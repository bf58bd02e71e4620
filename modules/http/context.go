package httpserver

import (
	"context"
	"sync"
	"time"
)

// requestContext is the context of a request, to which a middleware may give a
// deadline. It is what context.WithDeadline returns, made only when somebody
// waits for it: most handlers end long before, and none of them pays for a
// timer, nor for a copy of the request.
type requestContext struct {
	context.Context               // net/http's: ends with the client, the answer, or the drain's limit
	since           time.Time     // when the request came
	limit           time.Duration // from then on; 0: none; not to be changed once a handler has the context

	mu    sync.Mutex
	timed context.Context // nil until Done is called
}

func (c *requestContext) Deadline() (time.Time, bool) {
	if c.limit == 0 {
		return time.Time{}, false
	}
	return c.since.Add(c.limit), true
}

func (c *requestContext) Done() <-chan struct{} {
	deadline, limited := c.Deadline()
	if !limited {
		return c.Context.Done()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		var release context.CancelFunc
		c.timed, release = context.WithDeadline(c.Context, deadline)
		context.AfterFunc(c.Context, release) // net/http ends its context in any case
	}
	return c.timed.Done()
}

func (c *requestContext) Err() error {
	if err := c.inner().Err(); err != nil {
		return err
	}
	if c.limit > 0 && time.Since(c.since) >= c.limit {
		return context.DeadlineExceeded
	}
	return nil
}

// Value lets package context find the timed context, so that those derived from
// it cost no goroutine.
func (c *requestContext) Value(key any) any { return c.inner().Value(key) }

func (c *requestContext) inner() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed != nil {
		return c.timed
	}
	return c.Context
}
