package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/internal/drain"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/telemetry"
)

// run is the time between a start and a stop.
type run struct {
	*Servers

	secure    *tls.Config // nil: plain TCP
	cancel    context.CancelCauseFunc
	listeners []net.Listener
	stopping  chan struct{} // closes when the stop begins
	accepting sync.WaitGroup
	sessions  drain.Set[*session]
}

// The pauses after an Accept that failed for want of something, such as
// descriptors: doubled each time.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// accept serves l until a stop, or returns why it cannot.
func (r *run) accept(ctx context.Context, l net.Listener, d definition) error {
	var pause time.Duration
	for {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			r.begin(ctx, d, conn)
			continue
		}
		if lifecycle.Stopping(r.stopping).Begun() {
			return nil
		}
		if !passes(err) {
			return err
		}
		if pause == 0 {
			r.log.Warn("no connection is accepted for now", zap.String("server", d.name), zap.Error(err))
		}
		pause = min(max(2*pause, firstPause), longestPause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-r.stopping:
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
func (r *run) begin(ctx context.Context, d definition, conn net.Conn) {
	s := newSession(d.name, conn, r)
	s.asked = ctx
	r.sessions.Add(s)
	go func() {
		defer r.sessions.Remove(s)
		r.serve(ctx, d, s)
	}()
}

// serve is a session from its beginning to its end: the only place that knows
// of both.
func (r *run) serve(ctx context.Context, d definition, s *session) {
	begun, returned := time.Now(), false
	var err error
	defer func() {
		took := time.Since(begun)
		err = lifecycle.Outcome(recover(), returned, err)
		s.end(err)
		r.tell(ctx, s, took, err)
	}()
	if err = s.handshake(ctx); err == nil {
		err = d.handle(ctx, s)
	}
	returned = true
}

// tell logs the end of a session: as an error where its handler is at fault.
func (r *run) tell(ctx context.Context, s *session, took time.Duration, err error) {
	panicked, isPanic := errors.AsType[*lifecycle.PanicError](err)
	level, message := zapcore.DebugLevel, "session ended"
	if isPanic || !isNormal(ctx, s, err) {
		level, message = zapcore.ErrorLevel, "session failed"
	}
	record := telemetry.Log(s.asked, r.log).Check(level, message)
	if record == nil {
		return
	}
	fields := []zap.Field{
		zap.String("server", s.server),
		zap.Stringer("client", s.RemoteAddr()),
		zap.Duration("duration", took),
		zap.Error(err),
	}
	if isPanic {
		record.Stack = string(panicked.Stack)
	}
	record.Write(fields...)
}

// isNormal reports whether a session may end with err: wanted by its server or
// its client, at a limit, or cancelled by a stop.
func isNormal(ctx context.Context, s *session, err error) bool {
	return err == nil || errors.Is(err, ErrClose) || errors.Is(err, errLongLine) || s.caused(err) ||
		ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}
