package charfinder_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/modules/charfinder"
)

func TestTopWordsAreLoggedEachMinute(t *testing.T) {
	t.Parallel()

	finder := newFinder()
	core, logs := observer.New(zap.InfoLevel)
	task := charfinder.NewTopWords(finder, zap.New(core))
	if task.Every != time.Minute {
		t.Errorf("the task runs every %v; want 1m0s", task.Every)
	}

	if err := task.Run(t.Context()); err != nil || logs.Len() != 0 {
		t.Errorf("before any query: error %v, records %v; want none", err, logs.All())
	}

	finder.Find("rook")
	finder.Find("black rook")
	if err := task.Run(t.Context()); err != nil || logs.Len() != 1 {
		t.Fatalf("after two queries: error %v, %d records; want 1", err, logs.Len())
	}
	if got, want := fmt.Sprint(logs.All()[0].ContextMap()["words"]), "[    2 ROOK     1 BLACK]"; got != want {
		t.Errorf("logged words %s; want %s", got, want)
	}
}
