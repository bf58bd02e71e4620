package listen

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Deadlines returns nc with deadlines that cost nothing while they are kept. A
// server sets some for each request, nearly all later than the one before, and
// net/http one that is over, to end a read that has mostly not begun. nc is told
// only of one that comes earlier than what it knows. When that ends a call too
// early, nc learns the one that is meant, and the call goes on.
func Deadlines(nc net.Conn) net.Conn {
	began := time.Now()
	return &timed{
		Conn:  nc,
		read:  deadline{began: began, set: nc.SetReadDeadline},
		write: deadline{began: began, set: nc.SetWriteDeadline},
	}
}

type timed struct {
	net.Conn
	read, write deadline
}

func (t *timed) Read(p []byte) (int, error)          { return t.read.keep(p, t.Conn.Read) }
func (t *timed) Write(p []byte) (int, error)         { return t.write.keep(p, t.Conn.Write) }
func (t *timed) SetReadDeadline(at time.Time) error  { return t.read.mean(at) }
func (t *timed) SetWriteDeadline(at time.Time) error { return t.write.mean(at) }
func (t *timed) SetDeadline(at time.Time) error {
	return errors.Join(t.read.mean(at), t.write.mean(at))
}
func (t *timed) CloseWrite() error { return CloseWrite(t.Conn) }

// deadline is that of the reads of a connection, or of its writes.
type deadline struct {
	began time.Time // what is meant to be over before, is over
	set   func(time.Time) error

	mu    sync.Mutex
	meant time.Time // zero: none
	known time.Time // to the connection; while there are calls not later than meant
	calls int
}

// mean changes what is meant, for calls under way, too.
func (d *deadline) mean(at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meant = at
	if d.calls == 0 {
		return nil
	}
	return d.advance()
}

// advance tells the connection of a deadline that is earlier than what it knows.
func (d *deadline) advance() error {
	if d.meant.IsZero() || !d.known.IsZero() && !d.meant.Before(d.known) {
		return nil
	}
	return d.tell()
}

func (d *deadline) tell() error {
	d.known = d.meant
	return d.set(d.known)
}

// keep calls read or write until it ends for another reason than a deadline that
// is not meant.
func (d *deadline) keep(p []byte, call func([]byte) (int, error)) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.meant.IsZero() && d.meant.Before(d.began) {
		return 0, os.ErrDeadlineExceeded
	}
	if err := d.advance(); err != nil {
		return 0, err
	}
	for {
		m, err := d.once(p[n:], call)
		n += m
		if d.known.Equal(d.meant) || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := d.tell(); err != nil {
			return n, err
		}
	}
}

// once gives the lock away for one call.
func (d *deadline) once(p []byte, call func([]byte) (int, error)) (int, error) {
	d.calls++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.calls--
	}()
	return call(p)
}
