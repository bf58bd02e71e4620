// Package problem has the one form in which HTTP servers answer errors.
package problem

import (
	"fmt"
	"net/http"
)

// Problem is an error that its client is told about, as RFC 9457 has it. A
// handler that returns one sets its status and, where the status does not say
// it all, its detail; the server fills in what is empty.
type Problem struct {
	Type      string       `json:"type" format:"uri-reference" doc:"Kind of problem; about:blank is the kind that the status says"`
	Title     string       `json:"title" doc:"Short text for the type"`
	Status    int          `json:"status" doc:"HTTP status"`
	Detail    string       `json:"detail,omitempty" doc:"What was wrong with this request"`
	RequestID string       `json:"request_id,omitempty" doc:"Name of the request in the log of the server"`
	Errors    []FieldError `json:"errors,omitempty" nullable:"false" doc:"What was wrong with single fields"`

	Cause error `json:"-"` // for the log, never for the client
}

// FieldError says what was wrong with a part of a request.
type FieldError struct {
	Field   string `json:"field" example:"query.limit" doc:"Where: path, query, header, cookie or body, and the name in it"`
	Message string `json:"message" example:"expected a whole number from 0 to 1000" doc:"What was expected there"`
}

// shown is how many wrong fields one answer tells of.
const shown = 20

// Of returns the problem of a request of which some fields are wrong, at least
// one.
func Of(status int, wrong ...FieldError) *Problem {
	detail := wrong[0].Field + ": " + wrong[0].Message
	switch more := len(wrong) - 1; {
	case more > 99:
		detail += " (and many more)"
	case more > 0:
		detail += fmt.Sprintf(" (and %d more)", more)
	}
	return &Problem{Status: status, Detail: detail, Errors: wrong[:min(shown, len(wrong))]}
}

// Complete fills in what follows from the status.
func (p *Problem) Complete() {
	if p.Status < http.StatusBadRequest || p.Status > 599 {
		p.Status = http.StatusInternalServerError
	}
	if p.Type == "" {
		p.Type = "about:blank"
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	if p.Detail == p.Title {
		p.Detail = ""
	}
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("%d %s", p.Status, p.Title)
	if p.Title == "" {
		text += http.StatusText(p.Status)
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }
