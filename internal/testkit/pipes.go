package testkit

import (
	"net"
	"sync"
	"testing"
)

// Pipes is a listener in memory: its connections know the time of a synctest
// bubble, and hold no byte that the other side has not read.
type Pipes struct {
	Errs chan error // what Accept is to return

	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

// NewPipes returns a listener that nobody has connected to.
func NewPipes() *Pipes {
	closed := make(chan struct{})
	return &Pipes{make(chan error), make(chan net.Conn), closed, sync.OnceFunc(func() { close(closed) })}
}

// Connect returns the client's end of a new connection, closed with the test, once
// it was accepted.
func (p *Pipes) Connect(t testing.TB) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	select {
	case p.conns <- half{server}:
	case <-p.closed:
		t.Fatal("connection refused")
	}
	return client
}

// half is a connection that can close one direction, which its client does not see.
type half struct{ net.Conn }

func (half) CloseWrite() error { return nil }

// Accept implements net.Listener.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case err := <-p.Errs:
		return nil, err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *Pipes) Close() error {
	p.close()
	return nil
}

// Addr implements net.Listener.
func (p *Pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
