package httpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// problem is the body of every answer that reports an error (RFC 9457).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// clientLeft is the status, in the access record only, of a request whose
// client left before the answer.
const clientLeft = 499

// answerError is the HTTPErrorHandler of Echo. An echo.HTTPError below 500,
// wrapped or not, is meant for the client, its message included. What others
// say stays in the log.
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
	body, _ := json.Marshal(p) // strings and a number cannot fail
	answer.WriteHeader(p.Status)
	_, _ = answer.Write(body) // where the client has left there is nobody to tell
}

func problemOf(err error, c echo.Context) problem {
	p := problem{
		Type:      "about:blank",
		Status:    http.StatusInternalServerError,
		RequestID: c.Response().Header().Get(echo.HeaderXRequestID),
	}
	request := exchangeOf(c).Context
	var (
		tooLarge *http.MaxBytesError
		told     *echo.HTTPError
	)
	switch {
	case errors.As(err, &tooLarge):
		p.Status = http.StatusRequestEntityTooLarge
		p.Detail = fmt.Sprintf("The body has more than %d bytes.", tooLarge.Limit)
	case errors.Is(err, context.Canceled) && request.Err() != nil:
		p.Status = clientLeft
		if errors.Is(context.Cause(request), errStopping) {
			p.Status = http.StatusServiceUnavailable
		}
	case errors.As(err, &told):
		if inner, ok := told.Internal.(*echo.HTTPError); ok { //nolint:errorlint // as Echo: the direct one
			told = inner
		}
		if told.Code >= http.StatusBadRequest && told.Code <= 599 {
			p.Status = told.Code
		}
		if p.Status < http.StatusInternalServerError {
			p.Detail = fmt.Sprint(told.Message)
		}
	}
	p.Title = http.StatusText(p.Status)
	if p.Detail == p.Title {
		p.Detail = ""
	}
	return p
}
