//go:build unix

package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/ostov/internal/load"
)

// restart restarts the program under load and returns what the clients saw. In
// each life it has to answer so many requests as low says before it is stopped.
func restart(t *testing.T, times, low int, next func() *process, clients ...load.Load) (results []load.Result) {
	t.Helper()
	p := next()
	var ends []func() load.Result
	for _, l := range clients {
		l.Address, l.Path = p.http, "/hello"
		ends = append(ends, background(t.Context(), l.Run))
	}
	for range times {
		p.await("hello", low)
		p.stop()
		p = next()
	}
	p.await("hello", low)
	for _, end := range ends {
		r := end()
		results = append(results, r)
		t.Log(r)
		if r.LostQuiet > r.Answered()/100 {
			t.Errorf("%v; want at most a hundredth lost by what a busy machine does to clients", r)
		}
	}
	p.stop()
	return results
}

func TestRestartsLoseNoRequestOnAKeptConnection(t *testing.T) {
	t.Parallel()

	address := freeAddress(t)
	next := func() *process { return launch(t, "http.address="+address) }
	for _, r := range restart(t, 3, 200, next, load.Load{Clients: 25}, load.Load{Clients: 25, Think: 20 * time.Millisecond}) {
		if r.LostReused+r.Truncated > 0 {
			t.Errorf("%v; want none lost on reused connections, and none truncated", r)
		}
	}
}

func TestRestartsWithAnInheritedListenerRefuseNobody(t *testing.T) {
	t.Parallel()

	for _, r := range restart(t, 3, 200, inheritor(t), load.Load{Clients: 25}, load.Load{Clients: 25, Close: true}) {
		if r.Failed()+r.Refused > 0 {
			t.Errorf("%v; want no failure of any kind", r)
		}
	}
}

// inheritor returns what starts programs with the same listener.
func inheritor(t *testing.T) func() *process {
	t.Helper()
	file, address := inheritable(t)
	return func() *process {
		p := inherit(t, file, "http.address="+address)
		if p.http != address {
			t.Fatalf("the program serves on %s; want the inherited %s", p.http, address)
		}
		return p
	}
}

// inheritable returns a listener for programs to inherit, which this process holds as
// systemd would, and its address.
func inheritable(t *testing.T) (file *os.File, address string) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	file, err = l.File()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil { // the file keeps it open
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, l.Addr().String()
}

func TestRequestsInFlightAreAnswered(t *testing.T) {
	t.Parallel()

	const inFlight = 200
	p := launch(t)
	clients := make([]net.Conn, inFlight)
	for i := range clients {
		clients[i] = p.ask("/held")
	}
	p.await("held", inFlight)
	p.terminate()
	for _, c := range clients {
		if r, body, err := answered(c); err != nil || r.StatusCode != http.StatusOK || body != "held" || !r.Close {
			t.Fatalf("a request in flight was answered %v %q, %v; want 200, whole, and Connection: close", r, body, err)
		}
	}
	p.wantClean()
}

func TestDrainDelayServesOnAndIdleConnectionsDoNotHoldTheStop(t *testing.T) {
	t.Parallel()

	p := launch(t, "app.drain_delay=5s", "app.stop_timeout=2m", "http.drain_timeout=1m")
	busy := p.ask("/hello")
	if r, _, err := answered(busy); err != nil || r.Close {
		t.Fatalf("before the stop: %v, %v; want a connection that stays open", r, err)
	}
	var idle []net.Conn
	for range 100 {
		idle = append(idle, p.ask("/hello"))
	}
	p.terminate()
	if _, err := p.stdout.ReadString('\n'); err != nil { // the stop has begun
		t.Fatal(err)
	}
	fresh := p.ask("/readyz")
	if r, _, err := answered(fresh); err != nil || r.StatusCode != http.StatusServiceUnavailable || !r.Close {
		t.Errorf("GET /readyz during the delay: %v, %v; want 503 and Connection: close", r, err)
	}
	if _, err := io.WriteString(busy, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if r, body, err := answered(busy); err != nil || body != "hello" || !r.Close {
		t.Errorf("GET /hello during the delay: %v %q, %v; want 200 and Connection: close", r, body, err)
	}
	began := time.Now()
	p.wantClean()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("with idle connections only the stop took %v; want the delay and little more, not drain_timeout", took)
	}
	for _, c := range idle {
		_, _, err := answered(c) // the one before the stop
		if rest, readErr := io.ReadAll(c); err != nil || readErr != nil || len(rest) > 0 {
			t.Fatalf("idle connection ended with %q, %v, %v; want it closed without a word", rest, err, readErr)
		}
	}
}

func TestHandlerThatNeverReturnsIsNamedAndTheOthersStop(t *testing.T) {
	t.Parallel()

	p := launch(t, "http.drain_timeout=500ms")
	c := p.ask("/deaf?a=b")
	p.await("deaf", 1)
	p.terminate()
	if code := p.end(); code != 1 {
		t.Errorf("exit code %d; want 1", code)
	}
	if rest, err := io.ReadAll(c); len(rest) > 0 {
		t.Errorf("its client got %q, %v; want no answer", rest, err)
	}
	told := p.stderr.String()
	for _, want := range []string{"cancelled in vain: GET /deaf (", "the resource is released"} {
		if !strings.Contains(told, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	lines := strings.Split(strings.TrimSpace(told), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "GET /deaf") {
		t.Errorf("the last line is %q; want it to name the request", last)
	}
}

// Contract B56.
func TestStreamsAreToldThatTheServerStops(t *testing.T) {
	t.Parallel()

	const each = 200
	p := launch(t)
	var streams []net.Conn
	var sockets []*websocket.Conn
	for range each {
		streams = append(streams, p.ask("/events"))
		ws, r, err := websocket.Dial(t.Context(), "ws://"+p.http+"/socket", nil)
		if err != nil {
			t.Fatal(err, r)
		}
		defer ws.CloseNow()
		sockets = append(sockets, ws)
	}
	p.await("events", each)
	p.await("socket", each)

	p.terminate()
	told := make(chan error, 2*each)
	for i := range each {
		go func() {
			r, body, err := answered(streams[i])
			if err != nil || r.StatusCode != http.StatusOK || body != "event: bye\n\n" {
				err = fmt.Errorf("event stream ended with %v %q, %w; want its last event", r, body, err)
			}
			told <- err
		}()
		go func() {
			_, _, err := sockets[i].Read(context.WithoutCancel(t.Context()))
			if websocket.CloseStatus(err) == websocket.StatusGoingAway {
				err = nil
			}
			told <- err
		}()
	}
	for range 2 * each {
		if err := <-told; err != nil {
			t.Fatal(err)
		}
	}
	p.wantClean()
}

func TestTheProgramDoesNotOutliveItsTest(t *testing.T) {
	t.Parallel()

	p := launch(t)
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != orphaned {
		t.Errorf("exit code %d; want %d, soon after its test is gone", code, orphaned)
	}
}
