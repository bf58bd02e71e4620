package listen

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// Limit returns l with at most total open connections, and at most perAddress
// from one client address; 0 sets no limit. An IPv6 client is known by its
// first 64 bits, and the clients of a Unix socket are not told apart.
//
// A connection over a limit is accepted and given to reject, which has to close
// it and must not block, for it holds up the next Accept; without reject it is
// closed at once. It never waits for another one to end.
func Limit(l net.Listener, total, perAddress int, reject func(net.Conn)) net.Listener {
	if total <= 0 && perAddress <= 0 {
		return l
	}
	if reject == nil {
		reject = func(c net.Conn) { _ = c.Close() } // nobody is left to hear the error
	}
	return &limited{Listener: l, total: total, perAddress: perAddress, reject: reject, from: make(map[netip.Prefix]int)}
}

type limited struct {
	net.Listener

	total, perAddress int
	reject            func(net.Conn)

	mu   sync.Mutex
	open int
	from map[netip.Prefix]int // open connections by client, where perAddress is set
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if client := l.client(conn); l.admit(client) {
			return &limitedConn{conn, sync.OnceFunc(func() { l.leave(client) })}, nil
		}
		l.reject(conn)
	}
}

// client returns what tells clients apart: the zero value where nothing does.
func (l *limited) client(conn net.Conn) netip.Prefix {
	address, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || l.perAddress <= 0 {
		return netip.Prefix{}
	}
	ip := address.AddrPort().Addr().Unmap()
	prefix, _ := ip.Prefix(min(64, ip.BitLen())) // fails for more bits than the address has
	return prefix
}

func (l *limited) admit(client netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	if l.total > 0 && l.open >= l.total || client.IsValid() && l.from[client] >= l.perAddress {
		return false
	}
	l.open++
	if client.IsValid() {
		l.from[client]++
	}
	return true
}

func (l *limited) leave(client netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.open--
	if l.from[client]--; l.from[client] <= 0 {
		delete(l.from, client)
	}
}

// limitedConn calls leave when it is closed, the first time.
type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite lets a server end its answer while the client may still send.
func (c *limitedConn) CloseWrite() error { return CloseWrite(c.Conn) }

// CloseWrite tells the other side that nothing more comes, where the kind of
// connection can say that: else it is errors.ErrUnsupported.
func CloseWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
