package httpserver

import (
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"

	"example.com/ostov/internal/listen"
)

// tracked is a listener whose connections the drain knows.
type tracked struct {
	net.Listener
	server *Server
}

func (l tracked) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: listen.Deadlines(nc), server: l.server}
	l.server.http1.Add(c)
	return c, nil
}

// conn is an open connection. It stays known when a handler hijacks it.
type conn struct {
	net.Conn
	server *Server
	state  atomic.Int32 // a http.ConnState
	http2  atomic.Bool
	heard  atomic.Bool // bytes came since the connection was opened, or since its last answer
}

func (c *conn) Read(p []byte) (int, error) {
	if !c.heard.Load() {
		runtime.Gosched() // then the next request is often there, and is not read in vain and waited for
	}
	n, err := c.Conn.Read(p)
	if n > 0 && !c.heard.Load() {
		c.heard.Store(true)
	}
	return n, err
}

// Close may be called more than once; net/http ends with a call in any case.
func (c *conn) Close() error {
	defer c.server.http1.Remove(c)
	defer c.server.http2.Remove(c)
	return c.Conn.Close()
}

// CloseWrite lets net/http close softly, so that a client that is still sending
// reads the answer.
func (c *conn) CloseWrite() error { return listen.CloseWrite(c.Conn) }

// quiet reports whether no request has begun on c since it was opened, or since
// the last one was answered. On a connection with TLS, the handshake is not
// told apart from the first request.
func (c *conn) quiet() bool {
	switch http.ConnState(c.state.Load()) {
	case http.StateNew:
		return !c.heard.Load() || c.server.tls != nil
	case http.StateIdle:
		return !c.heard.Load()
	default:
		return false
	}
}

// connState is the hook of http.Server.
func (s *Server) connState(nc net.Conn, state http.ConnState) {
	secure, _ := nc.(*tls.Conn)
	if secure != nil {
		nc = secure.NetConn()
	}
	c := nc.(*conn)
	before := http.ConnState(c.state.Swap(int32(state)))
	switch state {
	case http.StateActive:
		if before == http.StateNew && secure != nil && secure.ConnectionState().NegotiatedProtocol == "h2" {
			c.http2.Store(true)
			s.http2.Add(c)
			s.http1.Remove(c)
		}
	case http.StateIdle:
		c.heard.Store(false)
		if s.sweeping.Load() {
			s.sweep(c)
		}
	}
}

// sweep closes c where it is a quiet HTTP/1 connection. HTTP/2 has a way of its
// own to tell an idle client to go.
func (s *Server) sweep(c *conn) {
	if c.quiet() && !c.http2.Load() {
		_ = c.Close() // nobody is left to hear the error
	}
}
