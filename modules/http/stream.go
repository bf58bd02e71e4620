package httpserver

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"
)

// stallLimit is how long a write of a stream may take.
const stallLimit = time.Minute

// Stream makes a long-lived answer of the one to c: server-sent events, a
// WebSocket, a long download. It lifts the time limits of the server from the
// request: its context now ends only with the client, or when the stop cancels
// it, and each write may take a minute. The handler calls it first.
//
// The channel closes when the server drains: the handler then sends its last
// words (an event, a WebSocket close with status 1001) and returns. The drain
// waits for it as for any other.
func Stream(c echo.Context) (draining <-chan struct{}) {
	x := exchangeOf(c)
	// These fail where the connection has none, as in a test, or is broken, as the
	// first write will tell.
	_ = x.controller().SetReadDeadline(time.Time{})
	_ = x.controller().SetWriteDeadline(time.Time{})
	x.stall = stallLimit

	r := c.Request()
	ctx, _ := follow(r.Context(), x.Context) // which net/http ends in any case
	c.SetRequest(r.WithContext(ctx))
	return x.server.draining
}

// Detach returns the context of the request for work that a client which
// disconnects must not leave half done, in which case net/http ends the
// request's own: it has the values of that one and ends only when the stop
// cancels handlers, or with cancel, which the handler has to call. The work has
// to end with the handler; what outlives it is a task of the dispatcher.
func Detach(c echo.Context) (ctx context.Context, cancel context.CancelFunc) {
	values := c.Request().Context()
	if base := exchangeOf(c).server.base; base != nil {
		return follow(values, base)
	}
	return context.WithCancel(context.WithoutCancel(values))
}

// follow returns a context that has the values of one context and ends with
// another one.
func follow(values, end context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(values))
	unlink := context.AfterFunc(end, func() { cancel(context.Cause(end)) })
	return ctx, func() { unlink(); cancel(nil) }
}
