package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/fx"

	"example.com/ostov/config"
	"example.com/ostov/lifecycle"
)

// The exit codes of an application. A second signal makes it 128 plus the
// signal's number.
const (
	exitClean  = 0 // also a signal during start that was rolled back cleanly
	exitFailed = 1 // a fault of wiring; a start, run or stop that failed
	exitUsage  = 2 // wrong usage or configuration, before anything started
)

// Run builds the application, runs it until a signal, the end of ctx or a
// [Shutdowner] ends it, stops it and returns the exit code of the process. The
// last line on stderr says why that is not 0. Signals are caught before
// anything is built: the first one rolls a start back or stops gracefully, the
// second ends the process at once. The values of ctx are visible to every hook.
func Run(ctx context.Context, p Process, options ...fx.Option) int {
	c := New(p, options...)
	ctx, release := lifecycle.Signals(ctx, func(s *lifecycle.SignalError) {
		if c.engine.State() != lifecycle.New {
			_ = c.log.Sync() // what waits to be written; there is no later
		}
		write(c.process.Stderr, pending(c.Report())+fmt.Sprintf("%v again: out at once, exit code %d\n", s, s.ExitCode()), nil)
		os.Exit(s.ExitCode())
	})
	defer release()

	if err := c.saveReport(); err != nil { // a wrong path is to be known before the end
		Exit(c.process.Stderr, err)
		return exitUsage
	}
	err := c.Start(ctx)
	if err == nil {
		c.engine.Wait(ctx)
		err = errors.Join(c.engine.Cause(), c.Stop(context.WithoutCancel(ctx)))
	} else if c.rolledBack(err) {
		err = nil
	}
	err = errors.Join(err, c.saveReport())
	code := Exit(c.process.Stderr, err)
	if asked := c.askedCode(); asked != 0 {
		code = asked
	}
	return code
}

// Exit writes why a program ends to w, its cause in the last line, and
// returns its exit code: 0 where err is nil, 2 where the configuration is
// wrong, else 1.
func Exit(w io.Writer, err error) int {
	if err == nil {
		return exitClean
	}
	write(w, lastWords(err), nil)
	var wrong *config.Error
	if errors.As(err, &wrong) && !errors.Is(err, config.ErrSections) || errors.Is(err, lifecycle.ErrLimits) || errors.Is(err, ErrRole) {
		return exitUsage
	}
	return exitFailed
}

// rolledBack tells whether err is no more than a start that was asked to end
// and released everything.
func (c *Container) rolledBack(err error) bool {
	return errors.Is(err, lifecycle.ErrStopped) && c.engine.State() == lifecycle.Stopped && c.engine.Cause() == nil
}

// askedCode returns the exit code given to Fx's Shutdowner. Fx tells it only to
// who Waits, and catches signals from then on until its own Stop.
func (c *Container) askedCode() int {
	if c.app == nil {
		return 0
	}
	defer c.app.Stop(context.Background()) //nolint:errcheck // what there was to stop is stopped
	select {
	case s := <-c.app.Wait():
		return s.ExitCode
	default:
		return 0
	}
}

// lastWords repeats the first of several errors, which is the cause of the
// others, in the last line: that is where one looks. A start that was asked to
// end is no cause, and what cannot be built is explained in its own order.
func lastWords(err error) string {
	text := err.Error() + "\n"
	var built *buildError
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(text, "\n") > 1 && !errors.Is(err, lifecycle.ErrStopped) && !errors.As(err, &built) {
		text += first + "\n"
	}
	return text
}

// pending tells which hooks are running, for how long, and where they are held.
func pending(r lifecycle.Report) string {
	var b strings.Builder
	for _, h := range r.Hooks {
		for op, call := range map[string]*lifecycle.Call{"start": h.Start, "stop": h.Stop} {
			if call != nil && call.Outcome == "running" {
				fmt.Fprintf(&b, "pending: %s of %s (%s) for %v, held in\n", op, h.Name, h.Phase, call.Duration.Round(time.Millisecond))
				for line := range strings.Lines(call.Stack) {
					b.WriteString("\t" + line)
				}
			}
		}
	}
	return b.String()
}
