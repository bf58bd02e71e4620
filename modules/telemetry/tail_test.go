package telemetry_test

import (
	"io"
	"strings"
	"testing"

	"go.uber.org/zap"

	"example.com/ostov/modules/telemetry"
)

func TestTheTailKeepsTheLastRecords(t *testing.T) {
	t.Parallel()
	w := telemetry.NewWriter(io.Discard)
	log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
	if got, next := w.Tail().From(0, 10); got != nil || next != 0 {
		t.Errorf("the tail of a log without records: %v, %d", got, next)
	}
	for i := range 1000 {
		log.Info("hello", zap.Int("i", i))
	}
	log.Debug("not written")
	log.Error(strings.Repeat("long ", 1<<12))

	all, next := w.Tail().From(0, 1000)
	if len(all) != 512 || all[0].Number != 489 || next != 1001 || !strings.Contains(all[0].Line, `"msg":"hello","service":"shop","i":489}`) || strings.HasSuffix(all[0].Line, "\n") {
		t.Fatalf("%d records, the first %+v, next %d; want the last 512", len(all), all[0], next)
	}
	if last := all[511]; last.Level != "error" || len(last.Line) != 4096 {
		t.Errorf("a record of 5 MB: level %s, %d bytes; want an error of 4096", last.Level, len(last.Line))
	}
	if some, _ := w.Tail().From(998, 2); len(some) != 2 || some[0].Number != 999 {
		t.Errorf("of the three records from 998 on, two: %+v; want the last two", some)
	}
	if none, _ := w.Tail().From(1001, 10); none != nil {
		t.Errorf("from the next record on: %v; want none yet", none)
	}
	if beyond, _ := w.Tail().From(5000, 10); beyond != nil {
		t.Errorf("from a record of the future on: %v; want none", beyond)
	}
}
