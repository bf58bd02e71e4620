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

	"example.com/ostov/internal/listen"
)

// The times of a drain, see [Server.Serve].
const (
	idleGrace   = 500 * time.Millisecond // for clients that are about to send
	cancelGrace = time.Second            // for handlers to end when cancelled; at most half of the limit
	closeGrace  = 100 * time.Millisecond // for handlers to end when their connection is closed
)

// errStopping is the cause of the cancellation of handlers.
var errStopping = errors.New("the server is stopping")

func (s *Server) drain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, s.config.DrainTimeout)
	defer stop()
	defer s.cancel(nil)

	s.ending.Store(true)
	var failed []error
	for _, l := range s.listeners {
		waiting := listen.Pending(l)
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
		_ = s.serve(waiting) // until there are no more
	}
	s.serving.Wait()
	close(s.draining)

	end, _ := ctx.Deadline()
	limit := time.Until(end)
	patience := time.NewTimer(limit - min(cancelGrace, limit/2))
	defer patience.Stop()
	var cancelled int
	var names string
	cancel := func() {
		if s.base.Err() == nil {
			cancelled, names = s.running()
			s.cancel(errStopping)
		}
	}
	// wait reports whether one of two things came before the limit.
	wait := func(gone <-chan struct{}, or <-chan time.Time) bool {
		for {
			select {
			case <-gone:
				return true
			case <-or:
				return true
			case <-patience.C:
				cancel()
			case <-ctx.Done():
				return false
			}
		}
	}

	grace := time.NewTimer(idleGrace)
	defer grace.Stop()
	inTime := wait(s.http1.gone(), grace.C)
	s.sweeping.Store(true)
	for _, c := range s.http1.all() {
		s.sweep(c)
	}
	inTime = inTime && wait(s.http1.gone(), nil)
	now, release := context.WithTimeout(ctx, 0) // Shutdown polls, the sets do not
	_ = s.http.Shutdown(now)                    // sends GOAWAY on HTTP/2; nil, or that it was not waited for
	release()
	inTime = inTime && wait(s.http2.gone(), nil) && wait(s.requests.gone(), nil)

	var open, left int
	if !inTime {
		cancel()
		open = s.closeAll()
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

// closeAll closes every connection, returns how many there were, and gives
// their handlers a moment to notice.
func (s *Server) closeAll() int {
	open := append(s.http1.all(), s.http2.all()...)
	for _, c := range open {
		_ = c.Close() // nobody is left to hear the error
	}
	_ = s.http.Close()
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-s.requests.gone():
	case <-grace.C:
	}
	return len(open)
}

// maxNames is how many requests running names.
const maxNames = 20

// running returns how many requests are being handled, and the oldest of them
// by their routes and ages.
func (s *Server) running() (int, string) {
	requests := s.requests.all()
	slices.SortFunc(requests, func(a, b *exchange) int { return a.since.Compare(b.since) })
	var names []string
	for _, x := range requests[:min(len(requests), maxNames)] {
		c := s.echo.NewContext(nil, nil)
		s.echo.Router().Find(x.method, x.path, c)
		names = append(names, fmt.Sprintf("%s %s (%v)", x.method, cmp.Or(c.Path(), x.path), time.Since(x.since).Round(time.Millisecond)))
	}
	if more := len(requests) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return len(requests), strings.Join(names, ", ")
}
