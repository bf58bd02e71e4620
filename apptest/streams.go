package apptest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// limit is how long a test waits for anything.
const limit = 10 * time.Second

// Dial opens a session of the line server. It is closed when the test ends, and
// any read or write fails after 10 seconds.
func (a *App) Dial() net.Conn {
	a.t.Helper()
	c, err := new(net.Dialer).DialContext(a.t.Context(), "tcp", a.TCP)
	if err != nil {
		a.t.Fatalf("dial the line server: %v", err)
	}
	a.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		a.t.Fatalf("dial the line server: %v", err)
	}
	return c
}

// Talk opens a session of the line server, sends the lines, says that there are no
// more, and returns all that the server said, its greeting included.
func (a *App) Talk(lines ...string) string {
	a.t.Helper()
	session := a.Dial()
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	_, err := io.WriteString(session, text.String())
	if end, ok := session.(interface{ CloseWrite() error }); ok && err == nil {
		err = end.CloseWrite()
	}
	said, readErr := io.ReadAll(session)
	if err != nil || readErr != nil {
		a.t.Fatalf("session of the line server: %v, %v after %q", err, readErr, said)
	}
	return string(said)
}

// Event is one of a stream of server-sent events.
type Event struct{ ID, Name, Data string }

// Events opens a stream of server-sent events (text/event-stream) on the public
// server, or the one that a whole URL names, and returns the function that waits
// for the next one: ok is false at the end of the stream. Another answer, or
// nothing for 10 seconds, fails the test; the stream is closed with it.
//
//	next := app.Events("/prices")
//	if e, ok := next(); !ok || e.Data != "42" { ... }
func (a *App) Events(path string, header ...string) (next func() (e Event, ok bool)) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	a.t.Cleanup(cancel)
	request := a.request(http.MethodGet, path, nil, append([]string{"Accept: text/event-stream"}, header...))
	response, err := a.client.Do(request.WithContext(ctx))
	if err != nil {
		a.t.Fatalf("events of %s: %v", path, err)
	}
	a.t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		a.t.Fatalf("events of %s: the answer is %s %q", path, response.Status, kind)
	}
	lines := bufio.NewReader(response.Body)
	return func() (e Event, ok bool) {
		a.t.Helper()
		late := time.AfterFunc(limit, cancel)
		defer late.Stop()
		for {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				return e, false
			}
			if err != nil {
				a.t.Fatalf("events of %s: %v", path, err)
			}
			name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "id":
				e.ID = value
			case "event":
				e.Name = value
			case "data":
				if ok {
					e.Data += "\n"
				}
				e.Data += value
				ok = true
			case "":
				if ok && value == "" {
					return e, true
				}
			}
		}
	}
}
