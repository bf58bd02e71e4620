package tcp

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrClose is returned by an Answer or a Handle to end its session without
// fault. It may be wrapped. What was written before is sent.
var ErrClose = errors.New("close the session")

// errLongLine ends a session whose client sent too long a line.
var errLongLine = errors.New("the line is too long")

// LineServer answers lines: a client sends one, and gets the answer before the
// next one is looked at. A line ends with LF or CRLF; what stands before the end
// of the input is one, too, unless it is empty. Sessions run side by side.
type LineServer struct {
	Name string // in logs and metrics; no two servers share one

	// Address to listen on, as tcp.address, which an empty one stands for; only
	// one server may leave it empty.
	Address string

	Greeting string // sent when a session opens

	// MaxLine is how many bytes a line may have before its LF. 0: 8 KiB. Over it
	// the session is closed without a word.
	MaxLine int

	// FirstByteTimeout is how long a client may be silent at first, IdleTimeout
	// how long after an answer. 0: tcp.first_byte_timeout, tcp.idle_timeout.
	FirstByteTimeout, IdleTimeout time.Duration

	// Answer answers one line, which comes without its LF or CRLF and is valid
	// until Answer returns, by writing to w. What it writes is sent when it
	// returns, or before, 4 KiB at a time. The write of an answer that the client
	// does not take fails after tcp.write_timeout.
	//
	// ErrClose ends the session; so does any other error, which is logged unless
	// it comes from writing, and so does a panic. A stop waits for an answer under
	// way; ctx ends in the last second of tcp.drain_timeout. It has the values of
	// the context that the servers were started with.
	Answer func(ctx context.Context, line []byte, w io.Writer) error
}

func (l LineServer) define(s *Servers) (definition, error) {
	l.MaxLine = cmp.Or(l.MaxLine, 8<<10)
	l.FirstByteTimeout = cmp.Or(l.FirstByteTimeout, s.config.FirstByteTimeout)
	l.IdleTimeout = cmp.Or(l.IdleTimeout, s.config.IdleTimeout)
	lines := &lines{LineServer: l, servers: s}
	d := definition{name: l.Name, address: l.Address, handle: lines.handle}
	switch {
	case l.Answer == nil:
		return d, errors.New("its Answer is nil")
	case l.MaxLine < 0:
		return d, fmt.Errorf("its MaxLine is %d; want more than 0, or 0 for 8 KiB", l.MaxLine)
	case l.FirstByteTimeout < 0:
		return d, fmt.Errorf("its FirstByteTimeout is %v; want more than 0, or 0 for tcp.first_byte_timeout", l.FirstByteTimeout)
	case l.IdleTimeout < 0:
		return d, fmt.Errorf("its IdleTimeout is %v; want more than 0, or 0 for tcp.idle_timeout", l.IdleTimeout)
	}
	return d, nil
}

// lines serves the sessions of a LineServer.
type lines struct {
	LineServer

	servers *Servers
}

// handle answers the lines of one session until its client or a stop ends it.
// What a stop finds read is answered; nothing more is read then.
func (l *lines) handle(ctx context.Context, s *session) error {
	if l.Greeting != "" {
		if _, err := io.WriteString(s, l.Greeting); err != nil {
			return err
		}
	}
	in := lineBuffer{max: l.MaxLine}
	silence := l.FirstByteTimeout
	var lineEnds time.Time // when the line under way must have arrived
	for {
		if line, ok := in.next(); ok {
			if err := l.answer(ctx, line, s); err != nil {
				return err
			}
			silence, lineEnds = l.IdleTimeout, time.Time{}
			continue
		}
		if s.stopping.Begun() {
			return nil
		}

		until := time.Now().Add(silence)
		if len(in.rest()) > 0 {
			if lineEnds.IsZero() {
				lineEnds = time.Now().Add(l.servers.config.LineTimeout)
			}
			until = lineEnds
		}
		space := in.space()
		if len(space) == 0 {
			return errLongLine
		}
		if err := s.SetReadDeadline(until); err != nil {
			return err
		}
		n, err := s.Read(space)
		in.added(n)
		switch {
		case n > 0: // an error comes back with the next Read
		case errors.Is(err, io.EOF) && len(in.rest()) > 0:
			return l.answer(ctx, in.rest(), s)
		case err != nil:
			return err
		}
	}
}

// answer answers one line: the only place where that is done.
func (l *lines) answer(ctx context.Context, line []byte, s *session) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return l.servers.request(ctx, s, func(ctx context.Context) error {
		w := l.servers.outputs.Get().(*bufio.Writer)
		w.Reset(s)
		err := l.Answer(ctx, line, w)
		if err == nil || errors.Is(err, ErrClose) {
			err = cmp.Or(w.Flush(), err)
		}
		w.Reset(nil)
		l.servers.outputs.Put(w)
		return err
	})
}
