package admin

import (
	"encoding/json"
	"net/http"
)

// problem is the body of every answer that refuses (RFC 9457).
type problem struct {
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Status    int      `json:"status"`
	Detail    string   `json:"detail,omitempty"`
	RequestID string   `json:"request_id"`
	Failing   []string `json:"failing,omitempty"` // of a probe: name and error of each check
}

// refuse answers with a status, and with what would be right.
func refuse(w http.ResponseWriter, status int, detail string, failing ...string) {
	p := problem{"about:blank", http.StatusText(status), status, detail, w.Header().Get(requestID), failing}
	send(w, status, "application/problem+json", p)
}

// answer answers 200 with v as JSON.
func answer(w http.ResponseWriter, v any) { send(w, http.StatusOK, "application/json", v) }

func send(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // what we send can be encoded; where the client has left there is nobody to tell
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
