package dispatcher

import "sync/atomic"

// lives are goroutines that begin together and are awaited together.
type lives struct {
	left  atomic.Int64
	ended chan struct{} // closes with the last of them
}

// begin calls live of each in a goroutine of its own.
func begin[L interface{ live() }](l *lives, each []L) {
	l.left.Store(int64(len(each)))
	if len(each) == 0 {
		close(l.ended)
	}
	for _, one := range each {
		go l.relay(one)
	}
}

// relay calls live, again in another goroutine where runtime.Goexit ends this one.
func (l *lives) relay(one interface{ live() }) {
	over := false
	defer func() {
		if !over {
			go l.relay(one)
		}
	}()
	one.live()
	over = true
	if l.left.Add(-1) == 0 {
		close(l.ended)
	}
}
