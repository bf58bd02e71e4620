package telemetry

import (
	"bytes"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
)

const (
	// tailRecords is how many records a Tail keeps, tailBytes how much of each.
	tailRecords = 512
	tailBytes   = 4 << 10
)

// Tail keeps the last records of the log in memory, 512 of at most 4 KiB, for
// who looks at the running service.
type Tail struct {
	mu      *sync.Mutex // the writer's
	records [tailRecords]struct {
		level zapcore.Level
		at    time.Time
		line  []byte // used again for the record that takes its place
	}
	next uint64 // the number of the next record
}

// Record is a record of the log as it was written, its end of line apart.
type Record struct {
	Number uint64    `json:"n"` // counted from 0
	Time   time.Time `json:"time"`
	Level  string    `json:"level"`
	Line   string    `json:"line"`
}

// add is called with the lock.
func (t *Tail) add(e *zapcore.Entry, line []byte) {
	r := &t.records[t.next%tailRecords]
	r.level, r.at = e.Level, e.Time
	r.line = append(r.line[:0], line[:min(len(line), tailBytes)]...)
	t.next++
}

// From returns the records that are kept from number on, at most limit of them,
// the last ones, and the number of the record that will be next.
func (t *Tail) From(number uint64, limit int) (records []Record, next uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := min(t.next, tailRecords, uint64(max(limit, 0)))
	for n := max(number, t.next-kept); n < t.next; n++ {
		r := &t.records[n%tailRecords]
		records = append(records, Record{n, r.at, r.level.String(), string(bytes.TrimSuffix(r.line, []byte("\n")))})
	}
	return records, t.next
}
