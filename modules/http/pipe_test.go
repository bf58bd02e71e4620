package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// pipes is a listener in memory, so that time in a test can be synctest's.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	err := net.ErrClosed
	p.once.Do(func() {
		close(p.closed)
		err = nil
	})
	return err
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// startPipes makes a server that serves pipes. It has to be called in a
// synctest bubble, which has to stop it.
func startPipes(t *testing.T, settings ...setting) (*kit, *pipes) {
	t.Helper()
	k := build(t, settings...)
	p := newPipes()
	k.SetListeners(p)
	k.serve()
	return k, p
}

// peer is a client's end of a connection.
type peer struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

// connect opens a connection, without a byte on it.
func (p *pipes) connect(t *testing.T) *peer {
	t.Helper()
	client, server := net.Pipe()
	select {
	case p.conns <- server:
	case <-p.closed:
		t.Fatal("connection refused")
	}
	t.Cleanup(func() { _ = client.Close() })
	return &peer{client, t, bufio.NewReader(client)}
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatalf("send %q: %v", text, err)
	}
}

// get sends a request; its answer is not read.
func (p *peer) get(path string) {
	p.t.Helper()
	p.send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n")
}

// answer reads one answer, whole.
func (p *peer) answer() (*http.Response, string) {
	p.t.Helper()
	r, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatal("no answer:", err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal("truncated answer:", err)
	}
	return r, string(body)
}

// isClosed waits until the server closes the connection.
func (p *peer) closed() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.r); err != nil || len(rest) > 0 {
		p.t.Errorf("connection ended with %q, %v; want it closed without a word", rest, err)
	}
}

// stopping runs the stop and returns what hears its error.
func (k *kit) stopAside(ctx context.Context) <-chan error {
	k.announce()
	done := make(chan error, 1)
	cleanup := k.cleanup
	k.cleanup = nil
	go func() { done <- cleanup(ctx) }()
	return done
}

func says(r *http.Response, name string) string { return strings.Join(r.Header[name], ", ") }
