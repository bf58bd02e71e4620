package httpserver

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// observe sees each request from its beginning to its end, however that comes:
// it gives it an id and a span, turns the error of its handler into the answer,
// measures it and writes the access record. What else measures a whole request
// belongs here.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		x := exchangeOf(c)
		x.id[0] = requestID(x.request.Header.Get(echo.HeaderXRequestID))
		c.Response().Header()[echo.HeaderXRequestID] = x.id[:]
		s.begin(x)

		err := http.ErrAbortHandler // unless next returns
		defer func() {
			took := time.Since(x.since)
			s.end(x, c, took, err)
			s.record(x, c, took, err)
		}()
		if err = next(c); err == nil {
			return nil
		}
		if c.Response().Committed && (panicOf(err) != nil || errors.Is(err, http.ErrAbortHandler)) {
			panic(http.ErrAbortHandler) // the client must not take what it got for the whole
		}
		c.Error(err) // writes nothing where an answer was begun
		return nil
	}
}

// requestID returns the id that the client gave, where it is one to log and to
// pass on, else a new one.
func requestID(given string) string {
	if given != "" && len(given) <= 64 && strings.Trim(given, idBytes) == "" {
		return given
	}
	var id [16]byte
	binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	var text [2 * len(id)]byte
	hex.Encode(text[:], id[:])
	return string(text[:])
}

const idBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// access is what the access record of a request says beside the request itself.
// It is a part of the exchange, and that the one field of the log entry, which
// costs less than a field for each of its parts.
type access struct {
	route, remote string
	status        int
	bytes         int64
	took          time.Duration
	err           error // nil: none that the client was not told
	hex           [2 * len(trace.TraceID{})]byte
	field         [1]zap.Field
}

// MarshalLogObject writes the access record, of the request as the client sent
// it. It implements zapcore.ObjectMarshaler.
func (x *exchange) MarshalLogObject(to zapcore.ObjectEncoder) error {
	a := &x.access
	to.AddString("method", x.request.Method)
	to.AddString("uri", redact(x.request.RequestURI))
	to.AddString("route", a.route)
	to.AddInt64("status", int64(a.status))
	to.AddInt64("bytes", a.bytes)
	to.AddDuration("latency", a.took)
	to.AddString("remote", a.remote)
	to.AddString("request_id", x.id[0])
	if a.err != nil {
		zap.Error(a.err).AddTo(to)
	}
	if span := trace.SpanContextFromContext(x.Context); span.IsValid() {
		trace, span := span.TraceID(), span.SpanID()
		to.AddByteString("trace_id", hex.AppendEncode(a.hex[:0], trace[:]))
		to.AddByteString("span_id", hex.AppendEncode(a.hex[:0], span[:]))
	}
	return nil
}

// record writes the access record, and with it what went wrong and the client
// was not told: an error where the server failed.
func (s *Server) record(x *exchange, c echo.Context, took time.Duration, err error) {
	answer := c.Response()
	panicked := panicOf(err)
	untold := err != nil && (answer.Status >= http.StatusInternalServerError || answer.Status < http.StatusBadRequest)
	level := zapcore.InfoLevel
	switch {
	case isProbe(c.Path()):
		level = zapcore.DebugLevel
	case answer.Status >= http.StatusInternalServerError, panicked != nil:
		level = zapcore.ErrorLevel
	case untold && x.Context.Err() == nil: // else it is the client that left
		level = zapcore.WarnLevel
	}
	entry := s.log.Check(level, "request")
	if entry == nil {
		return
	}
	a := &x.access
	a.route, a.remote = c.Path(), c.RealIP()
	a.status, a.bytes, a.took = answer.Status, answer.Size, took
	if untold {
		a.err = err
	}
	if panicked != nil {
		entry.Stack = panicked.stack
	}
	a.field[0] = zap.Inline(x)
	entry.Write(a.field[:]...)
}

// redact hides the values of those parameters of a query that carry secrets by
// their name.
func redact(uri string) string {
	path, query, found := strings.Cut(uri, "?")
	if !found {
		return uri
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		if name, value, _ := strings.Cut(parameter, "="); value != "" && isSecret(strings.ToLower(name)) {
			parameters[i] = name + "=REDACTED"
		}
	}
	return path + "?" + strings.Join(parameters, "&")
}

func isSecret(name string) bool {
	switch name {
	case "key", "api_key", "apikey", "auth", "authorization", "code", "jwt", "session", "sig":
		return true
	}
	for _, part := range [...]string{"token", "secret", "passw", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
