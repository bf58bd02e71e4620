package httpserver

import (
	"context"
	"net"
)

// SetListeners makes s serve listeners in place of its addresses.
func (s *Server) SetListeners(listeners ...net.Listener) {
	s.listen = func(context.Context, ...string) ([]net.Listener, error) { return listeners, nil }
}

// TurnedAway is the answer to a connection over the limit.
const TurnedAway = turnedAway

// Open returns how many connections are open.
func (s *Server) Open() int { return len(s.http1.All()) + len(s.http2.All()) }

// Draining closes when the listeners are closed.
func (s *Server) Draining() <-chan struct{} { return s.draining }
