package tcp

import (
	"context"
	"errors"
	"net"
)

// StreamServer serves a protocol of its own on each connection. Sessions run
// side by side.
type StreamServer struct {
	Name string // in logs and metrics; no two servers share one

	// Address to listen on, as tcp.address, which an empty one stands for; only
	// one server may leave it empty.
	Address string

	// Handle serves one session; conn is closed when it returns. A Read fails
	// after tcp.idle_timeout, and a Write when the client takes longer than
	// tcp.write_timeout for 16 KiB, until Handle sets deadlines of its own. conn
	// has CloseWrite() error, as *net.TCPConn has.
	//
	// Nil and ErrClose are normal ends; so is an error that conn gave. Any other
	// error and a panic are logged. When a stop begins, Reads fail from then on
	// with os.ErrDeadlineExceeded: Handle finishes what is under way and returns.
	// ctx ends in the last second of tcp.drain_timeout, and then conn is closed.
	// It has the values of the context that the servers were started with.
	Handle func(ctx context.Context, conn net.Conn) error
}

func (s StreamServer) define(servers *Servers) (definition, error) {
	d := definition{
		name:    s.Name,
		address: s.Address,
		handle: func(ctx context.Context, conn *session) error {
			return servers.request(ctx, conn, func(ctx context.Context) error { return s.Handle(ctx, conn) })
		},
	}
	if s.Handle == nil {
		return d, errors.New("its Handle is nil")
	}
	return d, nil
}
