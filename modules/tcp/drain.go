package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/internal/drain"
)

// drain is described by [Servers.Serve].
func (s *Servers) drain(ctx context.Context) error {
	defer s.cancel(drain.ErrStopping)
	var cancelled, closed map[string]int
	d, release := drain.Begin(ctx, s.config.DrainTimeout, func() {
		cancelled = s.open()
		s.cancel(drain.ErrStopping)
	})
	defer release()

	began := time.Now()
	s.urls.Store(nil)
	close(s.stopping)
	var failed []error
	for _, l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
	}
	s.accepting.Wait() // from here on no session is added
	for _, c := range s.sessions.All() {
		c.interrupt()
	}
	if !d.Wait(s.sessions.Gone(), 0) {
		closed = s.open()
		for _, c := range s.sessions.All() {
			c.abort()
		}
		if !d.Closed(s.sessions.Gone()) {
			failed = append(failed, fmt.Errorf("sessions still run %v after the drain began, cancelled in vain: %v",
				time.Since(began).Round(time.Millisecond), s.open()))
		}
	}
	if len(cancelled) > 0 {
		s.log.Warn("the drain was forced", zap.Any("cancelled", cancelled), zap.Any("closed", closed))
	}
	if len(failed) > 0 {
		return fmt.Errorf("tcp server: %w", errors.Join(failed...))
	}
	return nil
}

// open returns how many sessions of each server are open.
func (s *Servers) open() map[string]int {
	open := make(map[string]int)
	for _, c := range s.sessions.All() {
		open[c.server]++
	}
	return open
}
