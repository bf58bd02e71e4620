package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/internal/drain"
	"example.com/ostov/internal/listen"
)

// idleGrace is how long a drain waits for clients that are about to send.
const idleGrace = 500 * time.Millisecond

// drain is described by [Server.Serve].
func (s *Server) drain(ctx context.Context) error {
	defer s.cancel(nil)
	var cancelled int
	var names string
	d, release := drain.Begin(ctx, s.config.DrainTimeout, func() {
		cancelled, names = s.running()
		s.cancel(drain.ErrStopping)
	})
	defer release()

	failed := s.closeListeners()
	inTime := d.Wait(s.http1.Gone(), idleGrace)
	s.sweeping.Store(true)
	for _, c := range s.http1.All() {
		s.sweep(c)
	}
	inTime = inTime && d.Wait(s.http1.Gone(), 0)
	now, over := context.WithTimeout(ctx, 0) // Shutdown polls, the sets do not
	_ = s.http.Shutdown(now)                 // sends GOAWAY on HTTP/2; nil, or that it was not waited for
	over()
	inTime = inTime && d.Wait(s.http2.Gone(), 0) && d.Wait(s.requests.Gone(), 0)

	var open, left int
	if !inTime {
		open = s.closeConnections()
		d.Closed(s.requests.Gone())
		var stuck string
		if left, stuck = s.running(); left > 0 {
			failed = append(failed, fmt.Errorf("%d requests still run, cancelled in vain: %s", left, stuck))
		}
	}
	if cancelled+open > 0 {
		s.log.Warn("the drain was forced", zap.Int("cancelled", cancelled), zap.String("requests", names),
			zap.Int("still_running", left), zap.Int("closed_connections", open))
	}
	if len(failed) > 0 {
		return fmt.Errorf("http server: %w", errors.Join(failed...))
	}
	return nil
}

// closeListeners serves what waits to be accepted, and nothing that comes later.
func (s *Server) closeListeners() (failed []error) {
	s.ending.Store(true)
	for _, l := range s.listeners {
		waiting := listen.Pending(l)
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
		_ = s.serve(waiting) // until there are no more
	}
	s.serving.Wait()
	close(s.draining)
	return failed
}

// closeConnections closes every connection and returns how many there were.
func (s *Server) closeConnections() int {
	open := append(s.http1.All(), s.http2.All()...)
	for _, c := range open {
		_ = c.Close() // nobody is left to hear the error
	}
	_ = s.http.Close()
	return len(open)
}

// maxNames is how many requests running names.
const maxNames = 20

// running returns how many requests are being handled, and the oldest of them
// by their routes and ages.
func (s *Server) running() (int, string) {
	requests := s.requests.All()
	slices.SortFunc(requests, func(a, b *exchange) int { return a.since.Compare(b.since) })
	var names []string
	for _, x := range requests[:min(len(requests), maxNames)] {
		path, _, _ := strings.Cut(x.request.RequestURI, "?") // a middleware may be writing to its URL
		c := s.echo.NewContext(nil, nil)
		s.echo.Router().Find(x.request.Method, path, c)
		names = append(names, fmt.Sprintf("%s %s (%v)", x.request.Method, cmp.Or(c.Path(), path), time.Since(x.since).Round(time.Millisecond)))
	}
	if more := len(requests) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return len(requests), strings.Join(names, ", ")
}
