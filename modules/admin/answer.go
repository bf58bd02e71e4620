package admin

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"example.com/ostov/internal/problem"
)

// refuse answers with a status, and with what would be right. Failing are, of a
// probe, the name and the error of each check that fails.
func refuse(w http.ResponseWriter, status int, detail string, failing ...string) {
	p := problem.Problem{Status: status, Detail: detail, RequestID: w.Header().Get(requestID)}
	p.Complete()
	send(w, status, "application/problem+json", struct {
		problem.Problem

		Failing []string `json:"failing,omitempty"`
	}{p, failing})
}

// answer answers 200 with v as JSON.
func answer(w http.ResponseWriter, v any) { send(w, http.StatusOK, "application/json", v) }

func send(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // what we send can be encoded; where the client has left there is nobody to tell
}

// decode reads the body of r, which is to be one JSON object like form, into v.
// Where it is not, r has been answered and ok is false.
func decode(w http.ResponseWriter, r *http.Request, v any, form string) (ok bool) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Send application/json.")
		return false
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return true
		}
	}
	status, detail := http.StatusBadRequest, "The body must be one JSON object such as "+form+"."
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status, detail = http.StatusRequestEntityTooLarge, "The body may have 64 KiB."
	}
	refuse(w, status, detail)
	return false
}

// requestID is the header that names a request in the answer and in the log.
const requestID = "X-Request-Id"

// setHeaders sets what every answer says.
func setHeaders(header http.Header, id string, https bool) {
	header.Set(requestID, id)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	if https {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
