package lifecycle

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// SignalError is the cause of a context that a signal ended.
type SignalError struct{ Signal os.Signal }

// Error names the signal.
func (e *SignalError) Error() string { return fmt.Sprintf("received signal %q", e.Signal) }

// ExitCode is what a shell reports of a process that the signal killed: 128
// and its number.
func (e *SignalError) ExitCode() int {
	if n, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}

// Signals returns a context that ends with the first SIGINT, SIGTERM or SIGHUP,
// a *[SignalError] as its cause. second hears of the next one, in a goroutine of
// its own: it should end the process. A SIGHUP that was ignored from the
// beginning, as under nohup, stays so. A write to a closed pipe becomes an error
// instead of the end of the process. release gives the signals back; it is to
// be called before the program ends.
func Signals(parent context.Context, second func(*SignalError)) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		caught = append(caught, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 2)
	signal.Notify(c, caught...)
	pipe := make(chan os.Signal, 1) // never read: it is enough that somebody asked
	signal.Notify(pipe, syscall.SIGPIPE)

	released, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for stop := func(e *SignalError) { cancel(e) }; ; stop = second {
			select {
			case s := <-c:
				stop(&SignalError{s})
			case <-released:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(c)
		signal.Stop(pipe)
		close(released)
		<-done
		cancel(nil)
	}
}
