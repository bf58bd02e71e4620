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
		r, x := c.Request(), exchangeOf(c)
		x.id = requestID(r.Header.Get(echo.HeaderXRequestID))
		c.Response().Header().Set(echo.HeaderXRequestID, x.id)
		s.begin(x, r)

		err := http.ErrAbortHandler // unless next returns
		defer func() {
			took := time.Since(x.since)
			s.end(x, c, r, took, err)
			s.record(x, c, r, took, err)
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

const accessFields = 11

// record writes the access record of r, as the client sent it, and with it what
// went wrong and the client was not told: an error where the server failed.
func (s *Server) record(x *exchange, c echo.Context, r *http.Request, took time.Duration, err error) {
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

	fields := s.fields.Get().(*[accessFields]zap.Field)
	defer s.fields.Put(fields)
	*fields = [accessFields]zap.Field{
		zap.String("method", r.Method),
		zap.String("uri", redact(r.RequestURI)),
		zap.String("route", c.Path()),
		zap.Int("status", answer.Status),
		zap.Int64("bytes", answer.Size),
		zap.Duration("latency", took),
		zap.String("remote", c.RealIP()),
		zap.String("request_id", x.id),
		zap.Skip(), zap.Skip(), zap.Skip(),
	}
	if untold {
		fields[accessFields-3] = zap.Error(err)
	}
	if span := trace.SpanContextFromContext(x.Context); span.IsValid() {
		fields[accessFields-2] = zap.Stringer("trace_id", span.TraceID())
		fields[accessFields-1] = zap.Stringer("span_id", span.SpanID())
	}
	if panicked != nil {
		entry.Stack = panicked.stack
	}
	entry.Write(fields[:]...)
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
