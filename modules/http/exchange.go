package httpserver

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"example.com/ostov/modules/telemetry"
)

// exchange is one request and its answer, as the drain sees them, and the
// context of the request. It lies below Echo's own response and below every
// middleware, so that replacing those cannot break the stop.
type exchange struct {
	http.ResponseWriter
	requestContext
	server  *Server
	request *http.Request // as net/http made it
	id      [1]string     // once it is observed, as its header
	span    trace.Span    // nil: none
	stall   time.Duration // how long a write may take, where Stream said so
	access  access
}

// sayClose tells the client, unless the header is written already, not to use
// the connection again where the server is stopping. On HTTP/2, net/http makes
// a GOAWAY of it.
func (x *exchange) sayClose() {
	if x.server.stopping.Begun() {
		x.Header().Set(echo.HeaderConnection, "close")
	}
}

func (x *exchange) WriteHeader(status int) {
	if status >= http.StatusOK { // the ones below are not the answer
		x.sayClose()
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	x.sayClose()
	if x.stall > 0 {
		if err := x.controller().SetWriteDeadline(time.Now().Add(x.stall)); err != nil {
			return 0, err
		}
	}
	return x.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController calls.
func (x *exchange) FlushError() error {
	x.sayClose()
	return x.controller().Flush()
}

// Unwrap gives http.ResponseController the rest: deadlines, hijacking.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) controller() *http.ResponseController {
	return http.NewResponseController(x.ResponseWriter)
}

type exchangeKey struct{}

func (x *exchange) Value(key any) any {
	switch key.(type) {
	case exchangeKey:
		return x
	case telemetry.RequestIDKey:
		return x.id[0]
	}
	return x.requestContext.Value(key)
}

// exchangeOf returns the exchange of c: one that no server knows, and so no stop
// ends, where Echo was called without a [Server].
func exchangeOf(c echo.Context) *exchange {
	ctx := c.Request().Context()
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{ResponseWriter: c.Response().Writer, requestContext: requestContext{Context: ctx, since: time.Now()}, server: new(Server), request: c.Request()}
}

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
