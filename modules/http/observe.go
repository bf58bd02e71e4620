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
		s.begin(x)
		x.identify()
		c.Response().Header()[echo.HeaderXRequestID] = x.id[:]

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

// identify gives the request the id that the client sent, where it is one to log
// and to pass on, else a new one. With the ids of its span that is one string, and
// so one allocation.
func (x *exchange) identify() {
	id := x.request.Header.Get(echo.HeaderXRequestID)
	given := id != "" && len(id) <= 64 && strings.Trim(id, idBytes) == ""
	text := make([]byte, 0, 2*(16+len(trace.TraceID{})+len(trace.SpanID{})))
	if !given {
		var random [16]byte
		binary.NativeEndian.PutUint64(random[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(random[8:], rand.Uint64())
		text = hex.AppendEncode(text, random[:])
	}
	if span := trace.SpanContextFromContext(x.Context); span.IsValid() {
		ofTrace, ofSpan := span.TraceID(), span.SpanID()
		text = hex.AppendEncode(hex.AppendEncode(text, ofTrace[:]), ofSpan[:])
	}
	ids := string(text)
	if !given {
		id, ids = ids[:32], ids[32:]
	}
	x.id[0] = id
	if ids != "" {
		x.traceID, x.spanID = ids[:32], ids[32:]
	}
}

const idBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// record writes the access record, of the request as the client sent it, and with
// it what went wrong and the client was not told: an error where the server failed.
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
	entry := s.log.Core().Check(zapcore.Entry{LoggerName: s.log.Name(), Level: level, Time: x.since.Add(took), Message: "request"}, nil)
	if entry == nil {
		return
	}
	if panicked != nil {
		entry.Stack = panicked.stack
	}
	fields := s.fields.Get().(*[]zap.Field)
	*fields = append((*fields)[:0],
		zap.String("method", x.request.Method),
		zap.String("uri", redact(x.request.RequestURI)),
		zap.String("route", c.Path()),
		zap.Int("status", answer.Status),
		zap.Int64("bytes", answer.Size),
		zap.Duration("latency", took),
		zap.String("remote", c.RealIP()),
		zap.String("request_id", x.id[0]),
	)
	if untold {
		*fields = append(*fields, zap.Error(err))
	}
	if x.traceID != "" {
		*fields = append(*fields, zap.String("trace_id", x.traceID), zap.String("span_id", x.spanID))
	}
	entry.Write(*fields...)
	clear(*fields) // they hold what belongs to the request
	s.fields.Put(fields)
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
