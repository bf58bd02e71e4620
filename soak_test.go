//go:build soak

package ostov_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"example.com/ostov/config"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
)

// Contract B46.
func TestAThousandApplicationsInOneProcessLeaveNothing(t *testing.T) {
	cycle := func() {
		c := container.New(container.Process{
			Stdout: io.Discard, Stderr: io.Discard,
			Sources: config.Sources{Environ: []string{}, Set: []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"}},
		}, modules.All())
		if err := errors.Join(c.Start(context.Background()), c.Stop(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	type census struct {
		goroutines, descriptors int
		heap                    uint64
	}
	count := func() census {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			open = nil // not on this system
		}
		return census{runtime.NumGoroutine(), len(open), m.HeapAlloc}
	}
	for range 20 { // pools fill up
		cycle()
	}
	before := count()
	for range 1000 {
		cycle()
	}
	after := count()
	if after.goroutines != before.goroutines || after.descriptors != before.descriptors || after.heap > before.heap+1<<20 {
		t.Errorf("after 1,000 cycles %+v; want %+v, the heap within 1 MiB", after, before)
	}
}
