package tcp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kit is servers under test and what is seen of them.
type kit struct {
	*tcp.Servers
	t       testing.TB
	logs    *observer.ObservedLogs
	pipes   *testkit.Pipes // what they listen on; nil: their addresses
	cleanup lifecycle.Cleanup
	stopped atomic.Bool
	ended   chan error // what Serve reported
}

// setting changes what a kit is made with.
type setting func(*tcp.Params)

func server(d tcp.Definition) setting {
	return func(p *tcp.Params) { p.Servers = append(p.Servers, d) }
}

func configured(change func(*tcp.Config)) setting {
	return func(p *tcp.Params) { change(&p.Config) }
}

// echo answers each line with itself between brackets.
func echo() tcp.LineServer {
	return tcp.LineServer{
		Name: "echo",
		Answer: func(_ context.Context, line []byte, w io.Writer) error {
			_, err := fmt.Fprintf(w, "[%s]\n", line)
			return err
		},
	}
}

// build makes servers that do not listen.
func build(t testing.TB, settings ...setting) *kit {
	t.Helper()

	core, logs := observer.New(zapcore.DebugLevel)
	p := tcp.Params{Config: tcp.DefaultConfig(), Log: zap.New(core)}
	p.Config.Address = "127.0.0.1:0"
	for _, set := range settings {
		set(&p)
	}
	if err := p.Config.Validate(); err != nil {
		t.Fatal("invalid configuration:", err)
	}
	r, err := tcp.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return &kit{Servers: r.Servers, t: t, logs: logs, ended: make(chan error, 1)}
}

// start makes servers that serve until the test ends.
func start(t testing.TB, settings ...setting) *kit {
	t.Helper()

	k := build(t, settings...)
	k.serve(t.Context())
	return k
}

// serve serves until the test ends.
func (k *kit) serve(ctx context.Context) {
	k.t.Helper()

	ctx, cancel := context.WithCancel(ctx)
	var err error
	k.cleanup, err = k.Serve(func(cause error) { k.ended <- cause })(ctx)
	cancel() // the start is over
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(k.stop)
}

// stop stops as the engine does, once.
func (k *kit) stop() {
	k.t.Helper()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.t.Context()), 25*time.Second)
	defer cancel()
	if err := k.stopWithin(ctx); err != nil {
		k.t.Error("stop:", err)
	}
}

// stopWithin is stop in the time of ctx. It returns what the stop returned.
func (k *kit) stopWithin(ctx context.Context) error {
	k.t.Helper()

	if k.stopped.Swap(true) {
		return nil
	}
	err := k.cleanup(ctx)
	select {
	case cause := <-k.ended:
		k.t.Errorf("the stop was reported as %v", cause)
	default:
	}
	return err
}

// stopAside begins to stop, and returns what closes when that is done.
func (k *kit) stopAside() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.stop()
	}()
	return done
}

// stopTakes stops, and fails the test unless that takes so long, in a bubble.
func (k *kit) stopTakes(want time.Duration) {
	k.t.Helper()

	begun := time.Now()
	k.stop()
	if took := time.Since(begun); took != want {
		k.t.Errorf("the stop took %v; want %v", took, want)
	}
}

// wantLogged fails the test unless exactly so many records of that level exist.
func (k *kit) wantLogged(level zapcore.Level, want int) {
	k.t.Helper()

	records := k.logs.FilterLevelExact(level).All()
	if len(records) != want {
		k.t.Errorf("%d records at level %v; want %d: %v", len(records), level, want, records)
	}
}

// client is the other side of a session.
type client struct {
	net.Conn
	t   testing.TB
	all *bufio.Reader
}

// dial opens a session with the first server.
func (k *kit) dial() *client {
	k.t.Helper()

	if k.pipes != nil {
		return newClient(k.t, k.pipes.Connect(k.t))
	}
	return k.dialTo(k.URLs()[0])
}

func (k *kit) dialTo(url string) *client {
	k.t.Helper()

	network := "tcp"
	scheme, address, _ := strings.Cut(url, "://")
	if strings.HasSuffix(scheme, "+unix") {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(k.t.Context(), network, address)
	if err != nil {
		k.t.Fatal(err)
	}
	return newClient(k.t, conn)
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { _ = conn.Close() })
	return &client{Conn: conn, t: t, all: bufio.NewReader(conn)}
}

func (c *client) send(text string) {
	c.t.Helper()

	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatalf("send %.80q: %v", text, err)
	}
}

// half closes the client's side only.
func (c *client) half() {
	c.t.Helper()

	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// want fails the test unless these bytes come next.
func (c *client) want(text string) {
	c.t.Helper()

	got := make([]byte, len(text))
	n, err := io.ReadFull(c.all, got)
	if string(got[:n]) != text {
		c.t.Fatalf("got %.200q (%v); want %.200q", got[:n], err, text)
	}
}

// wantEnd fails the test unless the server closes after exactly these bytes.
func (c *client) wantEnd(text string) {
	c.t.Helper()

	got, err := io.ReadAll(c.all)
	if string(got) != text || err != nil {
		c.t.Errorf("to the end: got %.200q (%v); want %.200q and the end", got, err, text)
	}
}

// wantClosed fails the test unless the server closes, by a reset or otherwise,
// without another byte.
func (c *client) wantClosed() {
	c.t.Helper()

	if got, err := io.ReadAll(c.all); len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("got %.200q (%v); want the end without a byte", got, err)
	}
}

// startPipes makes servers that serve one listener in memory until the test ends.
func startPipes(t testing.TB, settings ...setting) *kit {
	t.Helper()

	k := build(t, settings...)
	k.pipes = testkit.NewPipes()
	k.SetListeners(k.pipes)
	k.serve(t.Context())
	return k
}
