package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
)

const (
	// writeChunk is how much a client must take within tcp.write_timeout.
	writeChunk = 16 << 10

	// A client that is still sending when its session ends would lose the end of
	// the answer to a reset, were its bytes not read: so much, so long.
	lingerBytes = 64 << 10
	lingerTime  = 500 * time.Millisecond
)

// session is the connection of one client, as its handler has it: with time
// limits, and with Reads that fail once a stop has begun.
type session struct {
	net.Conn // TLS, or plain

	server   string
	plain    net.Conn
	config   *Config
	stopping lifecycle.Stopping
	asked    context.Context // of the last request

	writing           sync.Mutex
	ownRead, ownWrite atomic.Bool // the handler has set deadlines
	failed            atomic.Bool // the connection, or its input has ended
	clogged           atomic.Bool // a Write failed: nothing more can be said
}

func (s *Servers) newSession(ctx context.Context, server string, conn net.Conn) *session {
	c := &session{Conn: conn, server: server, plain: conn, config: &s.config, stopping: s.stopping, asked: ctx}
	if s.secure != nil {
		c.Conn = tls.Server(conn, s.secure)
	}
	return c
}

// handshake makes the connection secure where it is to be.
func (s *session) handshake(ctx context.Context) error {
	conn, ok := s.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	end := time.Now().Add(s.config.FirstByteTimeout)
	if err := errors.Join(s.setReadDeadline(end), s.Conn.SetWriteDeadline(end)); err != nil {
		return err
	}
	return s.note(conn.HandshakeContext(ctx))
}

// interrupt ends the Read under way, and with stopped those to come.
func (s *session) interrupt() { _ = s.Conn.SetReadDeadline(time.Unix(1, 0)) } // fails only where there is no Read to end

// setReadDeadline keeps to the stop: of this and interrupt, the last one must
// not be the one that lets a Read wait.
func (s *session) setReadDeadline(t time.Time) error {
	err := s.Conn.SetReadDeadline(t)
	if s.stopping.Begun() {
		s.interrupt()
	}
	return err
}

// Read implements net.Conn.
func (s *session) Read(p []byte) (int, error) {
	if !s.ownRead.Load() {
		if err := s.setReadDeadline(time.Now().Add(s.config.IdleTimeout)); err != nil {
			return 0, s.note(err)
		}
	}
	n, err := s.Conn.Read(p)
	return n, s.note(err)
}

// Write implements net.Conn.
func (s *session) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()

	written := 0
	for {
		chunk := p[written:min(written+writeChunk, len(p))]
		if !s.ownWrite.Load() {
			if err := s.Conn.SetWriteDeadline(time.Now().Add(s.config.WriteTimeout)); err != nil {
				return written, s.note(err)
			}
		}
		n, err := s.Conn.Write(chunk)
		written += n
		if err != nil {
			s.clogged.Store(true)
		}
		if err != nil || written == len(p) {
			return written, s.note(err)
		}
	}
}

// SetDeadline implements net.Conn.
func (s *session) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn. After a stop has begun it changes nothing.
func (s *session) SetReadDeadline(t time.Time) error {
	s.ownRead.Store(true)
	return s.setReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (s *session) SetWriteDeadline(t time.Time) error {
	s.ownWrite.Store(true)
	return s.Conn.SetWriteDeadline(t)
}

// CloseWrite tells the client that nothing more comes, and leaves its side open.
func (s *session) CloseWrite() error { return listen.CloseWrite(s.Conn) }

// connError is what went wrong with a connection, and so no fault of a handler
// that returns it.
type connError struct{ error }

func (e *connError) Unwrap() error { return e.error }

// Timeout and Temporary implement net.Error.
func (e *connError) Timeout() bool   { return errors.Is(e.error, os.ErrDeadlineExceeded) }
func (e *connError) Temporary() bool { return e.Timeout() }

// note marks what the connection gave as such. The end of the input stays as it
// is, for it is compared.
func (s *session) note(err error) error {
	if err == nil {
		return nil
	}
	s.failed.Store(true)
	if err == io.EOF { //nolint:errorlint // exactly what is compared
		return err
	}
	return &connError{err}
}

// caused reports whether err says no more than that the connection failed or
// its input ended.
func (s *session) caused(err error) bool {
	var failed *connError
	return errors.As(err, &failed) || s.failed.Load() && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF))
}

// end closes the connection after its handler has returned err. Where the client
// may be sending, its bytes are read for a moment.
func (s *session) end(err error) {
	defer s.abort()
	if s.clogged.Load() || s.CloseWrite() != nil {
		return
	}
	wanted := err == nil || errors.Is(err, ErrClose) || errors.Is(err, errLongLine)
	if wanted && !s.failed.Load() && s.Conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, s.Conn, lingerBytes) // fails at the end, and that is well
	}
}

// abort closes the connection at once, whatever is under way; TLS would wait for
// a client that does not read.
func (s *session) abort() { _ = s.plain.Close() } // nobody is left to hear the error
