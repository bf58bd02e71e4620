package listen

import "net"

// Pending takes the connections that wait in l to be accepted, and returns them
// as a listener, which has no others. To close l would reset them, although
// their clients take them for open. On Windows there are none.
func Pending(l net.Listener) net.Listener { return &pending{l.Addr(), waiting(l)} }

type pending struct {
	addr  net.Addr
	conns []net.Conn
}

func (p *pending) Accept() (net.Conn, error) {
	if len(p.conns) == 0 {
		return nil, net.ErrClosed
	}
	c := p.conns[0]
	p.conns = p.conns[1:]
	return c, nil
}

func (p *pending) Addr() net.Addr { return p.addr }

func (p *pending) Close() error {
	for _, c := range p.conns {
		_ = c.Close() // nobody is left to hear the error
	}
	p.conns = nil
	return nil
}
