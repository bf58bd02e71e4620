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
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/tcp"
)

// TestMain is also the clients in another process that dialMany starts.
func TestMain(m *testing.M) {
	if address, ok := os.LookupEnv("TEST_TCP_DIAL"); ok {
		os.Exit(dialAndWait(address, os.Getenv("TEST_TCP_SESSIONS"), os.Getenv("TEST_TCP_SEND")))
	}
	goleak.VerifyTestMain(m)
}

// kit is servers under test and what is seen of them.
type kit struct {
	*tcp.Servers
	t       testing.TB
	logs    *observer.ObservedLogs
	cleanup lifecycle.Cleanup
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
	k.serve()
	return k
}

func (k *kit) serve() { k.serveIn(k.t.Context()) }

// serveIn serves with the values of ctx.
func (k *kit) serveIn(ctx context.Context) {
	k.t.Helper()

	cleanup, err := k.Serve(func(cause error) { k.ended <- cause })(ctx)
	if err != nil {
		k.t.Fatal(err)
	}
	k.cleanup = cleanup
	k.t.Cleanup(func() {
		if err := k.stop(); err != nil {
			k.t.Error("stop:", err)
		}
	})
}

// stop stops as the engine does, once.
func (k *kit) stop() error {
	cleanup := k.cleanup
	if cleanup == nil {
		return nil
	}
	k.cleanup = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.t.Context()), 25*time.Second)
	defer cancel()
	return cleanup(ctx)
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
	return k.dialTo(k.URLs()[0])
}

func (k *kit) dialTo(url string) *client {
	k.t.Helper()

	network, address := "tcp", strings.TrimPrefix(url, "tcp://")
	if path, ok := strings.CutPrefix(url, "tcp+unix://"); ok {
		network, address = "unix", path
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

// pipes is a listener in memory: its connections know the time of a synctest
// bubble, and hold no byte that the other side has not read.
type pipes struct {
	conns  chan net.Conn
	errs   chan error // what Accept is to return
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), errs: make(chan error), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case err := <-p.errs:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// startOn makes servers that serve one listener in memory until the test ends.
func startOn(t testing.TB, l net.Listener, settings ...setting) *kit {
	t.Helper()

	k := build(t, append(settings, configured(func(c *tcp.Config) { c.MaxConnections = 0 }))...) // a limit hides CloseWrite
	k.ListenWith(func(context.Context, ...string) ([]net.Listener, error) { return []net.Listener{l}, nil })
	k.serve()
	return k
}

// connect opens a session in memory.
func (p *pipes) connect(t testing.TB) *client {
	t.Helper()

	mine, theirs := net.Pipe()
	p.conns <- halfPipe{theirs}
	return newClient(t, mine)
}

// halfPipe is a connection in memory that can close one direction; its client
// does not see that.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }
