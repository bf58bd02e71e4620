// Package drain ends what a server has open. It waits until that has ended by
// itself; what takes too long is cancelled, and at last closed.
package drain

import (
	"context"
	"errors"
	"time"
)

const (
	cancelGrace = time.Second            // for handlers to end when cancelled; at most half of the limit
	closeGrace  = 100 * time.Millisecond // for handlers to end when their connection is closed
)

// ErrStopping is the cause with which a server cancels its handlers.
var ErrStopping = errors.New("the server is stopping")

// Drain is the time in which a server ends. It belongs to one goroutine.
type Drain struct {
	ctx      context.Context // ends with the drain
	patience <-chan time.Time
	cancel   func()
}

// Begin begins a drain, which ends after limit, or a moment before ctx does. One
// second before, at most half of the time, cancel is called by [Drain.Wait]: it
// has to cancel what runs. The caller calls release in the end.
func Begin(ctx context.Context, limit time.Duration, cancel func()) (d *Drain, release context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		limit = max(0, min(limit, time.Until(end)-2*closeGrace))
	}
	d = &Drain{patience: time.After(limit - min(cancelGrace, limit/2)), cancel: cancel}
	d.ctx, release = context.WithTimeout(ctx, limit)
	return d, release
}

// Wait waits for gone to close, but for no longer than most where that is not 0.
// It reports false where the end of the drain came first.
func (d *Drain) Wait(gone <-chan struct{}, most time.Duration) bool {
	var enough <-chan time.Time
	if most > 0 {
		enough = time.After(most)
	}
	for {
		select {
		case <-gone:
			return true
		case <-enough:
			return true
		case <-d.patience:
			d.giveUp()
		case <-d.ctx.Done():
			select {
			case <-gone:
				return true
			default:
				d.giveUp()
				return false
			}
		}
	}
}

// giveUp cancels what runs, once.
func (d *Drain) giveUp() {
	if d.cancel != nil {
		d.cancel()
		d.cancel = nil
	}
}

// Closed gives handlers whose connections have been closed a moment to notice,
// and reports whether all are gone.
func (d *Drain) Closed(gone <-chan struct{}) bool {
	select {
	case <-gone:
		return true
	case <-time.After(closeGrace):
		return false
	}
}
