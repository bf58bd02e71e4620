package tcp

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/telemetry"
)

// The pauses after an Accept that failed for want of something, such as
// descriptors: doubled each time.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// accept serves l until a stop, or returns why it cannot.
func (s *Servers) accept(ctx context.Context, l net.Listener, d definition) error {
	var pause time.Duration
	for {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			s.begin(ctx, d, conn)
			continue
		}
		if lifecycle.Stopping(s.stopping).Begun() {
			return nil
		}
		if !passes(err) {
			return err
		}
		if pause == 0 {
			s.log.Warn("no connection is accepted for now", zap.String("server", d.name), zap.Error(err))
		}
		pause = min(max(2*pause, firstPause), longestPause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-s.stopping:
			timer.Stop()
			return nil
		}
	}
}

// passes reports whether a later Accept may succeed.
func passes(err error) bool {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// begin begins a session. The drain waits for its end.
func (s *Servers) begin(ctx context.Context, d definition, conn net.Conn) {
	c := s.newSession(ctx, d.name, conn)
	s.sessions.Add(c)
	go func() {
		defer s.sessions.Remove(c)
		s.serve(ctx, d, c)
	}()
}

// serve is a session from its beginning to its end: the only place that knows
// of both.
func (s *Servers) serve(ctx context.Context, d definition, c *session) {
	begun, returned := time.Now(), false
	var err error
	defer func() {
		took := time.Since(begun)
		err = lifecycle.Outcome(recover(), returned, err)
		c.end(err)
		s.tell(ctx, c, took, err)
	}()
	if err = c.handshake(ctx); err == nil {
		err = d.handle(ctx, c)
	}
	returned = true
}

// tell logs the end of a session: as an error where its handler is at fault.
func (s *Servers) tell(ctx context.Context, c *session, took time.Duration, err error) {
	panicked, isPanic := errors.AsType[*lifecycle.PanicError](err)
	level, message := zapcore.DebugLevel, "session ended"
	if isPanic || !isNormal(ctx, c, err) {
		level, message = zapcore.ErrorLevel, "session failed"
	}
	record := telemetry.Log(c.asked, s.log).Check(level, message)
	if record == nil {
		return
	}
	if isPanic {
		record.Stack = string(panicked.Stack)
	}
	record.Write(
		zap.String("server", c.server),
		zap.Stringer("client", c.RemoteAddr()),
		zap.Duration("duration", took),
		zap.Error(err),
	)
}

// isNormal reports whether a session may end with err: wanted by its server or
// its client, at a limit, or cancelled by a stop.
func isNormal(ctx context.Context, c *session, err error) bool {
	return err == nil || errors.Is(err, ErrClose) || errors.Is(err, errLongLine) || c.caused(err) ||
		ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}
