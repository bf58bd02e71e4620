package telemetry_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/telemetry"
)

// sink is where a log goes to in a test.
type sink struct {
	stalled chan struct{} // nil, or a write waits until it closes

	mu    sync.Mutex
	text  bytes.Buffer
	limit int   // bytes of a write that are taken where err is set
	err   error // of each write
}

func (s *sink) Write(p []byte) (int, error) {
	if s.stalled != nil {
		<-s.stalled
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		n, _ := s.text.Write(p[:min(s.limit, len(p))])
		return n, s.err
	}
	return s.text.Write(p)
}

func (s *sink) fail(limit int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.err = limit, err
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func write(w *telemetry.Writer, n int) {
	for i := range n {
		_, _ = fmt.Fprintf(w, "record %d\n", i)
	}
}

func TestARecordIsOutAtOnceBeforeStartAndAfterStop(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var out sink
		w := telemetry.NewWriter(&out)
		write(w, 1)
		if got := out.String(); got != "record 0\n" {
			t.Fatalf("before Start the sink has %q; want the record", got)
		}
		w.Start()
		write(w, 2)
		w.Stop(t.Context())
		if got := strings.Count(out.String(), "\n"); got != 3 {
			t.Fatalf("after Stop the sink has %d records; want 3", got)
		}
		write(w, 1)
		if got := strings.Count(out.String(), "\n"); got != 4 {
			t.Errorf("after a record behind Stop the sink has %d; want 4", got)
		}
	})
}

func TestAStalledSinkHoldsNobodyAndIsToldWhatItMissed(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		out := &sink{stalled: make(chan struct{})}
		w := telemetry.NewWriter(out)
		log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
		w.Start()
		begin := time.Now()
		for range 20_000 {
			log.Info("served")
		}
		if took := time.Since(begin); took > 50*time.Millisecond {
			t.Errorf("20,000 records took %v; want 50ms at most, once", took)
		}
		if got := w.Dropped(); got != 20_000-8192 {
			t.Errorf("dropped %d; want all but 8192", got)
		}
		<-time.After(20 * time.Second)

		begin = time.Now()
		log.Error("boom", zap.Stack("stack"))
		if err := log.Sync(); err == nil || !strings.Contains(err.Error(), "8192") {
			t.Errorf("Sync = %v; want how many wait", err)
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("a flush on a sink that has not moved for long took %v; want none", took)
		}

		close(out.stalled)
		synctest.Wait()
		log.Info("again")
		w.Stop(t.Context())
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 8192+2 {
			t.Fatalf("after the recovery the sink has %d records; want those that waited, one that tells, and the next", len(lines))
		}
		told := lines[8192]
		if strings.Contains(lines[8192], "again") {
			told = lines[8193]
		}
		if !strings.Contains(told, `"dropped":11809`) || !strings.Contains(told, `"service":"shop"`) {
			t.Errorf("the last records are %q; want one that tells of 11809", lines[8192:])
		}
	})
}

func TestStopDoesNotWaitForASinkThatDoesNotMove(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		name  string
		limit time.Duration
		want  time.Duration
	}{
		{name: "a second", limit: time.Minute, want: time.Second},
		{name: "or the end of the context", limit: 100 * time.Millisecond, want: 100 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			synctest.Test(t, func(t *testing.T) {
				out := &sink{stalled: make(chan struct{})}
				defer close(out.stalled)
				w := telemetry.NewWriter(out)
				w.Start()
				write(w, 10)
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				begin := time.Now()
				w.Stop(ctx)
				if took := time.Since(begin); took != tt.want {
					t.Errorf("Stop took %v; want %v", took, tt.want)
				}
				begin = time.Now()
				write(w, 100)
				if took := time.Since(begin); took > 100*time.Millisecond {
					t.Errorf("100 records after it took %v; want 100ms at most, once", took)
				}
			})
		})
	}
}

func TestWhatASinkRefusesIsCountedAndATornLineStaysAlone(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var out sink
		w := telemetry.NewWriter(&out)
		log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
		out.fail(10, errors.New("disk full"))
		log.Info("one")
		out.fail(0, errors.New("disk full"))
		log.Info("two")
		if got := w.Dropped(); got != 2 {
			t.Errorf("dropped %d; want 2", got)
		}
		out.fail(0, nil)
		log.Info("three")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 3 || len(lines[0]) != 10 || !strings.Contains(lines[1], "three") || !strings.Contains(lines[2], `"dropped":2`) {
			t.Errorf("the sink has %q; want 10 bytes of the first, the third, and what is missing", lines)
		}
		log.Info("four")
		if got := strings.Count(out.String(), "dropped"); got != 2 { // the message and the field
			t.Errorf("the sink was told more than once: %q", out.String())
		}
	})
}

// busy takes three bytes at a time, as a terminal that another process made
// non-blocking.
type busy struct{ sink }

func (b *busy) Write(p []byte) (int, error) {
	n, _ := b.sink.Write(p[:min(3, len(p))])
	if n < len(p) {
		return n, syscall.EAGAIN
	}
	return n, nil
}

func TestASinkThatIsBusyGetsTheRestLater(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var out busy
		w := telemetry.NewWriter(&out)
		w.Start()
		write(w, 2)
		w.Stop(t.Context())
		if got := out.String(); got != "record 0\nrecord 1\n" || w.Dropped() > 0 {
			t.Errorf("the sink has %q, dropped %d; want both records", got, w.Dropped())
		}
	})
}

func TestRecordsThatWaitAreBoundedInBytesToo(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		out := &sink{stalled: make(chan struct{})}
		w := telemetry.NewWriter(out)
		w.Start()
		record := bytes.Repeat([]byte("x"), 16<<10)
		for range 1000 {
			_, _ = w.Write(record)
		}
		if got := w.Dropped(); got != 1000-512 {
			t.Errorf("dropped %d of 1000 records of 16 KiB; want what is over 8 MiB", got)
		}
		close(out.stalled)
		w.Stop(t.Context())
	})
}

// slow takes a chunk every 20 ms.
type slow struct{ sink }

func (s *slow) Write(p []byte) (int, error) {
	<-time.After(20 * time.Millisecond)
	return s.sink.Write(p)
}

func TestASlowSinkHoldsAServiceOnceAndForAMomentOnly(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var out slow
		w := telemetry.NewWriter(&out)
		w.Start()
		record := bytes.Repeat([]byte("x"), 1000)
		for _, when := range []string{"first", "after the sink has caught up"} {
			begin, dropped := time.Now(), w.Dropped()
			for range 100_000 {
				_, _ = w.Write(record)
			}
			if took := time.Since(begin); took == 0 || took > 200*time.Millisecond {
				t.Errorf("%s: 100,000 records took %v; want 200ms at most, and a moment of patience", when, took)
			}
			if w.Dropped() == dropped {
				t.Errorf("%s: dropped none; want what is too much for the sink", when)
			}
			<-time.After(time.Minute)
		}
		w.Stop(t.Context())
	})
}

func TestNoneOfEqualLinesIsLostToASinkThatReads(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) { // in its time a reader that reads is never late
		const n = 10_000
		r, out := io.Pipe()
		lines := make(chan int)
		go func() {
			count := 0
			for s := bufio.NewScanner(r); s.Scan(); count++ {
				if !strings.HasSuffix(s.Text(), `"service":"shop","id":7}`) {
					t.Errorf("line %d is %q", count, s.Text())
				}
			}
			lines <- count
		}()
		w := telemetry.NewWriter(out)
		log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
		w.Start()
		for range n {
			log.Error("the same again", zap.Int("id", 7))
		}
		w.Stop(t.Context())
		_ = out.Close()
		if got := <-lines; got != n || w.Dropped() > 0 {
			t.Errorf("%d of %d lines arrived, %d dropped; want all", got, n, w.Dropped())
		}
	})
}
