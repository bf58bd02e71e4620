package charfinder

import (
	"context"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/dispatcher"
)

// newTopWords returns the task that logs each minute which words were most
// asked for. It says nothing until one was.
func newTopWords(finder *Finder, log *zap.Logger) dispatcher.Schedule {
	return dispatcher.Schedule{
		Name:  "top words",
		Every: time.Minute,
		Run: func(context.Context) error {
			if words := finder.TopWords(5); len(words) > 0 {
				log.Info("words most asked for", zap.Stringers("words", words))
			}
			return nil
		},
	}
}
