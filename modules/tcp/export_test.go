package tcp

import (
	"context"
	"net"
)

// ListenWith replaces how addresses are bound.
func (s *Servers) ListenWith(listen func(ctx context.Context, addresses ...string) ([]net.Listener, error)) {
	s.listen = listen
}
