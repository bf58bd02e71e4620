package httpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/drain"
	"example.com/ostov/internal/problem"
)

// Problem is an error for the client. Any handler may return one, as a pointer,
// wrapped or not. Its detail is shown, its cause is logged only.
type Problem = problem.Problem

// FieldError is a part of a [Problem]: what is wrong with one field.
type FieldError = problem.FieldError

// Errors says what errors of the domain mean to a client: the status of each.
// The client is told the text of the error that stands here, and not that of
// what wraps it; from 500 on it is told none. Where several match, the highest
// status counts.
type Errors map[error]int

// translate makes problems of the errors of next.
func (e Errors) translate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		var p Problem
		for known, status := range e {
			if status > p.Status && errors.Is(err, known) {
				p = Problem{Status: status, Detail: known.Error(), Cause: err}
			}
		}
		if p.Status == 0 {
			return err
		}
		if p.Status >= http.StatusInternalServerError {
			p.Detail = ""
		}
		return &p
	}
}

// clientLeft is the status, in the access record only, of a request whose
// client left before the answer.
const clientLeft = 499

// answerError is the HTTPErrorHandler of Echo. A [Problem], and an echo.HTTPError
// below 500 with its message, wrapped or not, are meant for the client. What
// others say stays in the log. A 503 asks the client to come again in a second.
func (s *Server) answerError(err error, c echo.Context) {
	answer := c.Response()
	if answer.Committed {
		return
	}
	p := problemOf(err, c)
	header := answer.Header()
	header.Del(echo.HeaderContentLength) // of the answer that was begun
	header.Del(echo.HeaderContentEncoding)
	header.Set(echo.HeaderContentType, "application/problem+json")
	header.Set(echo.HeaderCacheControl, "no-store")
	if p.Status == http.StatusServiceUnavailable && header.Get(echo.HeaderRetryAfter) == "" {
		header.Set(echo.HeaderRetryAfter, "1")
	}
	answer.WriteHeader(p.Status)
	body := json.NewEncoder(answer)
	body.SetEscapeHTML(false)
	_ = body.Encode(p) // where the client has left there is nobody to tell
}

func problemOf(err error, c echo.Context) Problem {
	var (
		p        Problem
		request  = exchangeOf(c).Context
		tooLarge *http.MaxBytesError
		own      *Problem
		told     *echo.HTTPError
	)
	switch {
	case errors.As(err, &tooLarge):
		p.Status = http.StatusRequestEntityTooLarge
		p.Detail = fmt.Sprintf("The body has more than %d bytes.", tooLarge.Limit)
	case errors.Is(err, context.Canceled) && request.Err() != nil:
		p.Status = clientLeft
		if errors.Is(context.Cause(request), drain.ErrStopping) {
			p.Status = http.StatusServiceUnavailable
		}
	case panicOf(err) != nil: // whatever it was called with
	case errors.As(err, &own):
		p = *own
	case errors.As(err, &told):
		if inner, ok := told.Internal.(*echo.HTTPError); ok { //nolint:errorlint // as Echo: the direct one
			told = inner
		}
		p.Status = told.Code
		if http.StatusBadRequest <= p.Status && p.Status < http.StatusInternalServerError {
			p.Detail = fmt.Sprint(told.Message)
		}
	}
	p.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	p.Complete()
	return p
}
