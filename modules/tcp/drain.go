package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"
)

// The last times of a drain, see [Servers.Serve].
const (
	cancelGrace = time.Second            // for handlers to end when cancelled; at most half of the limit
	closeGrace  = 100 * time.Millisecond // for handlers to end when their connection is closed
)

// errStopping is the cause of the cancellation of handlers.
var errStopping = errors.New("the server is stopping")

func (r *run) drain(ctx context.Context) error {
	r.urls.Store(nil)
	close(r.stopping)
	var errs []error
	for _, l := range r.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, fmt.Errorf("tcp server: %w", err))
		}
	}
	r.accepting.Wait() // from here on no session is added
	defer r.cancel(errStopping)
	gone := r.sessions.drain()

	limit := r.config.DrainTimeout
	if end, ok := ctx.Deadline(); ok {
		limit = max(0, min(limit, time.Until(end)-2*closeGrace))
	}
	if !within(ctx, gone, limit-min(cancelGrace, limit/2)) {
		r.cancel(errStopping)
		cancelled := r.sessions.count()
		within(ctx, gone, min(cancelGrace, limit/2))
		closed := r.sessions.count()
		r.sessions.abort()
		r.log.Warn("the drain was forced", zap.Any("cancelled", cancelled), zap.Any("closed", closed))
		if !within(context.WithoutCancel(ctx), gone, closeGrace) {
			errs = append(errs, fmt.Errorf("tcp server: sessions still run %v after the drain began, cancelled in vain: %v",
				(limit+closeGrace).Round(time.Millisecond), r.sessions.count()))
		}
	}
	return errors.Join(errs...)
}

// within waits for gone, for at most d or until ctx ends, and reports whether
// it came.
func within(ctx context.Context, gone <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-gone:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-gone:
		return true
	default:
		return false
	}
}
