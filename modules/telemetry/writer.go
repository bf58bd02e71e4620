package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
	"sort"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap/zapcore"
)

const (
	// maxRecords and maxBytes bound what waits for a sink, what is being written
	// included.
	maxRecords = 8192
	maxBytes   = 8 << 20

	// chunk is the most bytes that one write to the sink takes, a longer record
	// apart.
	chunk = 64 << 10

	// maxSpare is the most memory that is kept while nothing waits.
	maxSpare = 1 << 20

	// pause is how long records are collected after a write, or until there are
	// enough bytes: a busy service does not wake the writer with each record.
	pause  = time.Millisecond
	enough = 256 << 10

	// burst is how long records may wait for room while the sink reads, until half
	// of the room is free again: bursts lose nothing, a sink that is too slow
	// holds the service no longer. A sink that has not moved for grace does not
	// read.
	burst = 200 * time.Millisecond
	grace = 50 * time.Millisecond

	// patience is the most that a record waits until it is out, where it has to
	// be out before its logger returns. It is spent in so many steps: a machine that
	// lets the process stand still for longer than that takes one of them, and the
	// sink gets the rest.
	patience = 100 * time.Millisecond
	steps    = 10

	// lastPatience is the same for all that waits when the application stops.
	lastPatience = time.Second
)

// Writer stands between a log and a sink that may be slow, stalled, full or
// gone: none of them blocks or fails a Write for longer than a moment. At most
// 8,192 records, or 8 MiB, wait for the sink; what comes beyond them, and what
// the sink refuses, is lost and counted.
//
// A new Writer has written a record when Write returns, if the sink takes it
// within 100 ms. From Start to Stop it goes on at once.
type Writer struct {
	sink io.Writer
	tail Tail
	run  func() // drain, kept so that starting it allocates nothing

	mu      sync.Mutex
	async   bool
	told    func(dropped uint64) []byte // makes the record that tells of a loss; may be nil
	pending []byte                      // whole records
	ends    []int                       // where each of them ends
	spare   []byte                      // for pending, while the other is written
	spares  []int

	draining bool      // a goroutine runs drain
	writing  int       // records that it took and that are not out yet
	taken    int       // their bytes
	began    time.Time // when the write under way began; zero: none is
	crowded  time.Time // when there was no room; zero: half of it is free
	torn     bool      // the sink has taken part of a record
	vain     bool      // somebody has waited in vain for the write under way

	accepted, finished uint64 // records; finished are out or lost
	dropped, untold    uint64 // untold: since the sink was told of them

	progress chan struct{} // closes when something changes; nil: nobody waits
	hurry    chan struct{} // ends a pause
}

// NewWriter returns a Writer for sink, which nobody else should write to.
func NewWriter(sink io.Writer) *Writer {
	w := &Writer{sink: sink, hurry: make(chan struct{}, 1)}
	w.run = w.drain
	w.tail.mu = &w.mu
	return w
}

// Tail returns what keeps the last records that a logger wrote to w, those among
// them that were lost on the way to the sink.
func (w *Writer) Tail() *Tail { return &w.tail }

// Write hands over one record, with the end of its line. It always succeeds:
// what is lost is counted.
func (w *Writer) Write(record []byte) (int, error) {
	w.accept(nil, record)
	return len(record), nil
}

// accept is Write, with what the record was made of, nil where it is no logger's.
func (w *Writer) accept(e *zapcore.Entry, record []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e != nil {
		w.tail.add(e, record)
	}
	if w.full(len(record)) && !w.waitForRoom(len(record)) {
		w.dropped++
		w.untold++
		return
	}
	w.pending = append(w.pending, record...)
	w.ends = append(w.ends, len(w.pending))
	w.accepted++
	switch {
	case !w.draining:
		w.draining = true
		go w.run()
	case len(w.pending) >= enough && len(w.pending)-len(record) < enough:
		w.wake()
	}
	if !w.async {
		w.settle(patience, nil)
	}
}

// Sync waits until all that was written so far is out, or 100 ms. Where somebody
// has done that in vain, and the sink has not moved since, it does not wait. Its
// error says how much waits.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.settle(patience, nil) {
		return nil
	}
	return fmt.Errorf("log: %d records wait for the sink", w.accepted-w.finished)
}

// Dropped returns how many records did not reach the sink, because it was too slow
// or refused them.
func (w *Writer) Dropped() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Start makes Write return before its record is out.
func (w *Writer) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.async = true
}

// Stop waits until all is out, until ctx ends, or a second: a log that nobody
// reads holds no stop. Each record that comes later is out when Write returns,
// as before Start.
func (w *Writer) Stop(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.async = false
	w.settle(lastPatience, ctx.Done())
}

// tellBy sets what makes the record that tells how many were lost.
func (w *Writer) tellBy(told func(dropped uint64) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = told
}

func (w *Writer) full(size int) bool {
	return w.writing+len(w.ends) >= maxRecords || w.taken+len(w.pending)+size > maxBytes
}

// waitForRoom waits while that may be of use, and tells whether there is room.
func (w *Writer) waitForRoom(size int) bool {
	if w.crowded.IsZero() {
		w.crowded = time.Now()
	}
	for w.full(size) {
		left := burst - time.Since(w.crowded)
		if !w.began.IsZero() {
			left = min(left, grace-time.Since(w.began))
		}
		if left <= 0 {
			return false
		}
		w.wake()
		w.wait(min(left, grace), nil)
	}
	return true
}

// settle waits until what was accepted before is finished, and outside of Start
// and Stop until the writer rests, and tells whether it is so. It gives up after
// limit, when done closes, and at once where somebody has waited in vain for the
// write under way, or could have for lastPatience.
func (w *Writer) settle(limit time.Duration, done <-chan struct{}) bool {
	target, begin := w.accepted, time.Now()
	for step := 0; w.finished < target || !w.async && w.draining; step++ {
		if w.vain || !w.began.IsZero() && time.Since(w.began) >= lastPatience {
			return false
		}
		if step >= steps && time.Since(begin) >= limit {
			w.vain = !w.began.IsZero()
			return false
		}
		w.wake()
		if !w.wait(limit/steps, done) {
			return false
		}
	}
	return true
}

// wait gives the lock away until there is progress or limit; false: done closed.
func (w *Writer) wait(limit time.Duration, done <-chan struct{}) bool {
	if w.progress == nil {
		w.progress = make(chan struct{})
	}
	progress, timer := w.progress, time.NewTimer(limit)
	defer timer.Stop()
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-progress:
	case <-timer.C:
	case <-done:
		return false
	}
	return true
}

// advance tells who waits that something has changed.
func (w *Writer) advance() {
	if w.progress != nil {
		close(w.progress)
		w.progress = nil
	}
}

func (w *Writer) wake() {
	select {
	case w.hurry <- struct{}{}:
	default:
	}
}

// drain writes what waits, and ends when nothing does. Its goroutine lives for
// as long as there are records: a Writer that is not used holds none.
func (w *Writer) drain() {
	pprof.SetGoroutineLabels(context.Background()) //nolint:forbidigo // those of the caller who happened to log first say nothing
	timer := time.NewTimer(pause)
	defer timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.ends) > 0 {
		w.writeBatch()
		if !w.async {
			continue
		}
		timer.Reset(pause)
		w.mu.Unlock()
		select {
		case <-timer.C:
		case <-w.hurry:
		}
		w.mu.Lock()
	}
	w.draining = false
	w.advance()
	if cap(w.pending)+cap(w.spare) > maxSpare {
		w.pending, w.spare = nil, nil
	}
}

// writeBatch writes all that waits now. What was lost until now is told in a
// record behind it: there they are missing.
func (w *Writer) writeBatch() {
	batch, ends, missing := w.pending, w.ends, w.untold
	w.pending, w.ends = w.spare[:0], w.spares[:0]
	if missing > 0 && w.told != nil {
		batch = append(batch, w.told(missing)...)
		ends[len(ends)-1] = len(batch)
	}
	w.writing, w.taken = len(ends), len(batch)

	var err error
	for from, rest := 0, ends; len(rest) > 0; {
		n := max(1, sort.SearchInts(rest, from+chunk+1))
		end := rest[n-1]
		var written int
		if written, err = w.put(batch[from:end]); err != nil {
			out := sort.SearchInts(rest[:n], from+written+1)
			w.torn = w.torn || written > 0 && (out == 0 || rest[out-1] != from+written)
			w.dropped += uint64(n - out)
			w.untold += uint64(n - out)
		}
		w.writing -= n
		w.taken -= end - from
		w.finished += uint64(n)
		if w.writing+len(w.ends) <= maxRecords/2 && w.taken+len(w.pending) <= maxBytes/2 {
			w.crowded = time.Time{}
		}
		from, rest = end, rest[n:]
		w.advance()
	}
	if err == nil && w.told != nil {
		w.untold -= missing
	}
	w.spare, w.spares = batch, ends
}

// put writes p to the sink, with the lock given away.
func (w *Writer) put(p []byte) (n int, err error) {
	w.began = time.Now()
	torn := w.torn
	w.mu.Unlock()
	if torn {
		_, err = write(w.sink, []byte{'\n'})
		torn = err != nil
	}
	if err == nil {
		n, err = write(w.sink, p)
	}
	w.mu.Lock()
	w.torn, w.vain = torn, false
	w.began = time.Time{}
	return n, err
}

// write writes p whole, or returns why not. Who shares a terminal or a pipe with
// others may find that one of them made it non-blocking.
func write(sink io.Writer, p []byte) (n int, err error) {
	for {
		m, err := sink.Write(p[n:])
		n += m
		switch {
		case errors.Is(err, syscall.EAGAIN):
			<-time.After(10 * pause)
		case err == nil && n < len(p):
			return n, io.ErrShortWrite
		default:
			return n, err
		}
	}
}
