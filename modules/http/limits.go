package httpserver

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/listen"
)

// bodyLimit refuses bodies over limit, by their announced length, and by what
// is read of them. A handler that fails because its body could not be read
// answers 400, or 413 where the limit is the reason.
func bodyLimit(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.ContentLength > limit {
				return &http.MaxBytesError{Limit: limit}
			}
			if r.Body == nil || r.Body == http.NoBody {
				return next(c)
			}
			// net/http's own writer, which then closes the connection softly.
			b := &body{ReadCloser: http.MaxBytesReader(exchangeOf(c).ResponseWriter, r.Body, limit)}
			r.Body = b
			err := next(c)
			if b.err != nil && errors.Is(err, b.err) {
				return echo.NewHTTPError(http.StatusBadRequest, "The body could not be read.").SetInternal(err)
			}
			return err
		}
	}
}

// gunzip gives handlers what is in a body that came as gzip.
func gunzip(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody || !strings.EqualFold(r.Header.Get(echo.HeaderContentEncoding), "gzip") {
			return next(c)
		}
		content, err := gzip.NewReader(r.Body)
		if err != nil {
			return echo.NewHTTPError(http.StatusBadRequest, "The body is not gzip, as its Content-Encoding says.").SetInternal(err)
		}
		r.Body = struct {
			io.Reader
			io.Closer
		}{content, r.Body}
		r.ContentLength = -1 // of what is read now
		r.Header.Del(echo.HeaderContentLength)
		r.Header.Del(echo.HeaderContentEncoding)
		return next(c)
	}
}

// removeFiles removes the files in which a multipart form was kept: net/http
// looks for them in the request that it made, not in a copy with a context.
func removeFiles(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		defer func() {
			if form := c.Request().MultipartForm; form != nil {
				_ = form.RemoveAll() // what is left is the temporary folder's
			}
		}()
		return next(c)
	}
}

// body is the body of a request, with the error that ended it.
type body struct {
	io.ReadCloser
	err error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// timeout ends the context of a handler after d; a handler that fails for that
// reason answers 503. It does not stop a handler that ignores its context.
func timeout(d time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			x := exchangeOf(c)
			x.limit = d
			err := next(c)
			if errors.Is(err, context.DeadlineExceeded) && errors.Is(x.Err(), context.DeadlineExceeded) {
				return echo.NewHTTPError(http.StatusServiceUnavailable).SetInternal(err)
			}
			return err
		}
	}
}

// How connections over the limit are answered.
const (
	maxTurnedAway = 64 // at the same time; more are closed without a word
	turnAwayLimit = 50 * time.Millisecond
	turnedAway    = "HTTP/1.1 503 Service Unavailable\r\n" +
		"Content-Type: application/problem+json\r\n" +
		"Content-Length: 112\r\n" +
		"Retry-After: 1\r\n" +
		"Connection: close\r\n\r\n" +
		`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the server has too many connections"}`
)

// turnAway answers and closes a connection over the limit, without waiting.
func (s *Server) turnAway(nc net.Conn) {
	if s.tls != nil { // an answer would cost a handshake
		_ = nc.Close()
		return
	}
	select {
	case s.turned <- struct{}{}:
		s.serving.Go(func() {
			defer func() { <-s.turned }()
			sayTooMany(nc)
		})
	default:
		_ = nc.Close()
	}
}

// sayTooMany reads what the client sends meanwhile: closing without that would
// reset the connection before the client has read the answer.
func sayTooMany(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(turnAwayLimit))
	if _, err := io.WriteString(c, turnedAway); err == nil {
		_ = listen.CloseWrite(c)
		_, _ = io.Copy(io.Discard, c)
	}
}
