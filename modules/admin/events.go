package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"example.com/ostov/lifecycle"
)

const (
	maxStreams = 16 // at a time
	tailLimit  = 300

	pace       = time.Second            // of a stream
	hurry      = 250 * time.Millisecond // while the application stops
	slowReader = 5 * time.Second        // who takes longer for what was sent is cut off
)

// events sends each topic, and what is new in the log, when it has changed: once a
// second, and four times a second while the application stops. Its last event is
// "end", with the reason, when the server itself ends: what has stopped until then
// was told.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("There are %d streams already.", maxStreams))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for proxies that would collect them
	if r.Method == http.MethodHead {
		return
	}
	e := stream{out: http.NewResponseController(w), w: w, sent: make(map[string][]byte)}
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	stopping, stops, from := s.given.Stopping, false, uint64(0)
	for turn := 0; ; turn++ {
		for _, t := range s.topics() {
			if lifecycle.Stopping(s.over).Begun() {
				break // the last event has little time
			}
			if t.every > 0 && turn%t.every == 0 && !(t.asks && stops) {
				e.send(t.name, t.read(r.Context()))
			}
		}
		t := s.tail(from, tailLimit)
		from = t.Next
		e.send("log", t)
		if e.flush() != nil {
			return // nobody reads
		}
		select {
		case <-ticker.C:
		case <-stopping:
			stopping, stops = nil, true
			ticker.Reset(hurry)
		case <-s.over:
		case <-r.Context().Done(): // the client has left, or the server has waited for this
		}
		if lifecycle.Stopping(s.over).Begun() {
			e.send("lifecycle", s.given.Container.Report())
			e.send("end", map[string]string{"reason": "the admin server stops"})
			_ = e.flush()
			return
		}
		if r.Context().Err() != nil {
			return
		}
	}
}

// stream is who listens to events.
type stream struct {
	w    http.ResponseWriter
	out  *http.ResponseController
	sent map[string][]byte // by event
	b    bytes.Buffer
}

// send puts an event into the buffer, unless it is what was sent last.
func (e *stream) send(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil || bytes.Equal(data, e.sent[name]) { // what we send can be encoded
		return
	}
	e.sent[name] = data
	fmt.Fprintf(&e.b, "event: %s\ndata: %s\n\n", name, data)
}

// flush sends what is in the buffer, at least a sign of life.
func (e *stream) flush() error {
	if e.b.Len() == 0 {
		e.b.WriteString(":\n\n")
	}
	_ = e.out.SetWriteDeadline(time.Now().Add(slowReader)) // a writer of tests has none
	_, err := e.w.Write(e.b.Bytes())
	e.b.Reset()
	if err != nil {
		return err
	}
	return e.out.Flush()
}
