package greeter

import (
	"context"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/dispatcher"
)

// newReport returns the task that logs each minute how often was greeted.
func newReport(g *Greeter, log *zap.Logger) dispatcher.Schedule {
	return dispatcher.Schedule{
		Name:  "greeter report",
		Every: time.Minute,
		Run: func(context.Context) error {
			log.Info("greetings so far", zap.Int64("count", g.Count()))
			return nil
		},
	}
}
