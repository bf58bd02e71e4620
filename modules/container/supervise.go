package container

import (
	"context"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/internal/notify"
	"example.com/ostov/lifecycle"
)

// slack is what a process takes beside the engine's start or stop.
const slack = 2 * time.Second

// supervise tells the service manager that started the process, such as systemd,
// that it starts, is ready, and stops, and, where a watchdog is asked for and the
// checks of the kind live pass, that it is alive. Without a manager there is no
// such hook.
func supervise(c *Container, limits Config, checks *health.Registry) error {
	manager := notify.Find(c.process.Sources.Environ)
	if manager == nil {
		return nil
	}
	a := &c.ready
	a.stopLimit = limits.StopTimeout
	a.tell = func(news ...string) {
		if err := manager.Tell(news...); err != nil {
			c.log.Warn("the service manager does not hear", zap.Error(err))
		}
	}
	return c.engine.Append(lifecycle.Hook{Name: "container.supervise", Phase: lifecycle.Observe, Setup: func(ctx context.Context) (lifecycle.Cleanup, error) {
		a.tell(notify.Extend(c.engine.StartLimit() + slack))
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			feed(ctx, a, manager.Watchdog(), c.engine.Stopping(), checks)
		}()
		return func(context.Context) error {
			cancel()
			<-done
			a.tellStopping() // where a start was rolled back at once
			return nil
		}, nil
	}})
}

// feed feeds the watchdog until ctx ends, and tells when a stop begins, also
// where it is that of a failed start.
func feed(ctx context.Context, a *announcer, watchdog time.Duration, stopping lifecycle.Stopping, checks *health.Registry) {
	var alive <-chan time.Time
	if watchdog > 0 {
		ticker := time.NewTicker(watchdog / 2)
		defer ticker.Stop()
		alive = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-stopping:
			stopping = nil
			a.tellStopping()
		case <-alive:
			if checks.Err(ctx, health.KindLive) == nil {
				a.tell(notify.Alive)
			}
		}
	}
}
