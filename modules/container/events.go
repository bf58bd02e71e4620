package container

import (
	"context"
	"sync"

	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
)

// events is the logger that Fx is given. It needs nothing of the graph, so that
// a graph with a fault in it never falls back to Fx's console lines; it keeps
// the events until the log is built.
type events struct {
	container *Container

	mu     sync.Mutex
	logger fxevent.Logger  // nil until the log is built
	built  []fxevent.Event // what came before that; the graph is drawn from it
}

func newEvents() fxevent.Logger { return &events{} }

// LogEvent implements fxevent.Logger.
func (e *events) LogEvent(event fxevent.Event) {
	e.mu.Lock()
	logger := e.logger
	if logger == nil {
		e.built = append(e.built, event)
	}
	e.mu.Unlock()
	if logger != nil {
		logger.LogEvent(event)
	}
	if invoked, ok := event.(*fxevent.Invoked); ok && invoked.Err != nil && e.container != nil {
		e.container.release() // under a plain fx.New nobody else hears of a failed build
	}
}

// connect passes what came and what will come on to log: what Fx does as debug
// records, what goes wrong at the level errors.
func (e *events) connect(log *zap.Logger, errors zapcore.Level) {
	logger := &fxevent.ZapLogger{Logger: log.Named("fx")}
	logger.UseLogLevel(zapcore.DebugLevel)
	logger.UseErrorLevel(errors)
	e.mu.Lock()
	e.logger = logger
	e.mu.Unlock()
	for _, event := range e.built {
		logger.LogEvent(event)
	}
}

// observe hands the engine's events on.
func (c *Container) observe(ctx context.Context, e lifecycle.Event) context.Context {
	switch {
	case e.Hook != nil:
		c.logEvent(e)
	case e.Op == "stop" && e.Begins:
		c.ready.shuttingDown()
	}
	for _, hear := range c.observers {
		if begun := hear(ctx, e); e.Begins {
			ctx = begun
		}
	}
	return ctx
}

// logEvent tells of the engine's hooks as Fx does of its own.
func (c *Container) logEvent(h lifecycle.Event) {
	if _, ours := c.events.(*events); ours && h.Err == nil && !c.log.Core().Enabled(zapcore.DebugLevel) {
		return // nobody would read it
	}
	name, caller := h.Hook.Name, h.Hook.Caller
	switch {
	case h.Begins && h.Op == "start":
		c.events.LogEvent(&fxevent.OnStartExecuting{FunctionName: name, CallerName: caller})
	case h.Begins:
		c.events.LogEvent(&fxevent.OnStopExecuting{FunctionName: name, CallerName: caller})
	case h.Op == "start":
		c.events.LogEvent(&fxevent.OnStartExecuted{FunctionName: name, CallerName: caller, Runtime: h.Runtime, Err: h.Err})
	default:
		c.events.LogEvent(&fxevent.OnStopExecuted{FunctionName: name, CallerName: caller, Runtime: h.Runtime, Err: h.Err})
	}
}
