package telemetry_test

import (
	"bufio"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"

	"example.com/ostov/modules/telemetry"
)

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
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

func TestSinksThatTakeNothing(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		name string
		open func(t *testing.T) io.Writer
		kept uint64
	}{
		{name: "a pipe that nobody reads", kept: 8192, open: func(t *testing.T) io.Writer {
			_, w := pipe(t)
			return w
		}},
		{name: "a pipe whose reader is gone", open: func(t *testing.T) io.Writer {
			r, w := pipe(t)
			r.Close()
			return w
		}},
		{name: "a closed file", open: func(t *testing.T) io.Writer {
			_, w := pipe(t)
			w.Close()
			return w
		}},
		{name: "a full disk", open: func(t *testing.T) io.Writer {
			f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			const n = 50_000
			w := telemetry.NewWriter(tt.open(t))
			log := telemetry.NewLogger(w, zap.NewAtomicLevel(), "json", "shop")
			w.Start()
			for range n {
				log.Info("served")
			}
			w.Stop(t.Context())
			// What the pipe itself holds is out.
			if got := w.Dropped(); got > n || got < n-2*tt.kept {
				t.Errorf("dropped %d of %d; want all but at most %d", got, n, 2*tt.kept)
			}
		})
	}
}
