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
	tell := func(news ...string) {
		if err := manager.Tell(news...); err != nil {
			c.log.Warn("the service manager does not hear", zap.Error(err))
		}
	}
	return c.engine.Append(lifecycle.Hook{Name: "container.supervise", Phase: lifecycle.Observe, Setup: func(ctx context.Context) (lifecycle.Cleanup, error) {
		tell(notify.Extend(c.engine.StartLimit() + slack))
		c.ready.manage(tell, limits.StopTimeout+slack)
		if manager.Watchdog == 0 {
			return nil, nil
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			feed(ctx, tell, manager.Watchdog/2, checks)
		}()
		return func(context.Context) error {
			cancel()
			<-done
			return nil
		}, nil
	}})
}

// feed feeds the watchdog until ctx ends.
func feed(ctx context.Context, tell func(news ...string), period time.Duration, checks *health.Registry) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if checks.Err(ctx, health.Live) == nil {
				tell(notify.Alive)
			}
		}
	}
}
