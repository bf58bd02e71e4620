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
func (r *run) drain(ctx context.Context) error {
	defer r.cancel(drain.ErrStopping)
	var cancelled, closed map[string]int
	d, release := drain.Begin(ctx, r.config.DrainTimeout, func() {
		cancelled = r.open()
		r.cancel(drain.ErrStopping)
	})
	defer release()

	began := time.Now()
	r.urls.Store(nil)
	close(r.stopping)
	var failed []error
	for _, l := range r.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
	}
	r.accepting.Wait() // from here on no session is added
	for _, s := range r.sessions.All() {
		s.interrupt()
	}
	if !d.Wait(r.sessions.Gone(), 0) {
		closed = r.open()
		for _, s := range r.sessions.All() {
			s.abort()
		}
		if !d.Closed(r.sessions.Gone()) {
			failed = append(failed, fmt.Errorf("sessions still run %v after the drain began, cancelled in vain: %v",
				time.Since(began).Round(time.Millisecond), r.open()))
		}
	}
	if len(cancelled) > 0 {
		r.log.Warn("the drain was forced", zap.Any("cancelled", cancelled), zap.Any("closed", closed))
	}
	if len(failed) > 0 {
		return fmt.Errorf("tcp server: %w", errors.Join(failed...))
	}
	return nil
}

// open returns how many sessions of each server are open.
func (r *run) open() map[string]int {
	open := make(map[string]int)
	for _, s := range r.sessions.All() {
		open[s.server]++
	}
	return open
}
