package greeter

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestTheReportLogsTheCount(t *testing.T) {
	t.Parallel()

	g := New(DefaultConfig())
	g.Greet("Ada")
	core, logs := observer.New(zap.InfoLevel)
	if err := newReport(g, zap.New(core)).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logs.FilterField(zap.Int64("count", 1)).Len(); got != 1 {
		t.Errorf("%d records with the count 1; want 1: %v", got, logs.All())
	}
}
