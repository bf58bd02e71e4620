package httpserver

import (
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
	traceID string        // once it is observed; empty: none
	spanID  string
	stall   time.Duration // how long a write may take, where Stream said so
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
