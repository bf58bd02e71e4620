//go:build unix

package container_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// manager is a service manager: the messages that it is told, in their order.
type manager struct {
	environ []string
	told    chan string
}

// manage listens outside of the bubble in which an application may run.
func manage(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{environ: []string{"NOTIFY_SOCKET=" + path}, told: make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			m.told <- string(b[:n])
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return m
}

// until returns what is told up to a message that begins so.
func (m *manager) until(t *testing.T, begin string) (before []string) {
	t.Helper()
	for {
		select {
		case message := <-m.told:
			if strings.HasPrefix(message, begin) {
				return before
			}
			before = append(before, message)
		case <-time.After(20 * time.Second):
			t.Fatalf("the manager was told %q; want %q", before, begin)
		}
	}
}

func (m *manager) app(options ...fx.Option) *container.Container {
	p := process()
	p.Sources.Environ = m.environ
	p.Sources.Set = []string{"app.stop_timeout=7s"}
	return container.New(p, append([]fx.Option{container.Module}, options...)...)
}

// gated is a hook of the phase Serve that waits for both gates.
func gated(start, stop <-chan struct{}) fx.Option {
	return container.CleanupCtx(func() lifecycle.Setup {
		return func(context.Context) (lifecycle.Cleanup, error) {
			<-start
			return func(context.Context) error { <-stop; return nil }, nil
		}
	}, lifecycle.Serve)
}

func TestTheServiceManagerHearsReadyAfterTheListenersAndStoppingFirst(t *testing.T) {
	t.Parallel()
	m := manage(t)
	start, stop := make(chan struct{}), make(chan struct{})
	app := m.app(gated(start, stop), container.CleanupCtx(func() lifecycle.Setup {
		return func(context.Context) (lifecycle.Cleanup, error) { m.told <- "listening"; return nil, nil }
	}, lifecycle.Serve), container.CleanupCtx(func() lifecycle.Hook {
		return lifecycle.Hook{Name: "migrate", LongStart: 10 * time.Minute, Setup: lifecycle.StartStop(nil, nil)}
	}))

	started := make(chan error, 1)
	go func() { started <- app.Start(t.Context()) }()
	if got := m.until(t, "EXTEND_TIMEOUT_USEC=617000000"); got != nil { // 15s, the migration and slack
		t.Errorf("told %q before the limit of the start", got)
	}
	close(start)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if got := m.until(t, "READY=1\nSTATUS=Serving on"); !slices.Equal(got, []string{"listening"}) {
		t.Errorf("before READY came %q; want the listener", got)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- app.Stop(context.WithoutCancel(t.Context())) }()
	if got := m.until(t, "STOPPING=1\nSTATUS=Shutting down\nEXTEND_TIMEOUT_USEC=9000000"); got != nil { // while a hook holds the stop
		t.Errorf("between READY and STOPPING came %q", got)
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if left := len(m.told); left > 0 {
		t.Errorf("%d messages after STOPPING; want none", left)
	}
}

func TestTheServiceManagerHearsThatAStartIsRolledBack(t *testing.T) {
	t.Parallel()
	m := manage(t)
	app := m.app(container.CleanupCtx(func() lifecycle.Setup {
		return func(context.Context) (lifecycle.Cleanup, error) { return nil, errors.New("no disk") }
	}))
	if err := app.Start(t.Context()); err == nil {
		t.Fatal("the start succeeded")
	}
	if got := m.until(t, "STOPPING=1"); len(got) != 1 || !strings.HasPrefix(got[0], "EXTEND") {
		t.Errorf("before STOPPING came %q; want the limit of the start alone", got)
	}
}

func TestTheWatchdogIsFedAtHalfItsIntervalWhileTheProcessIsLive(t *testing.T) {
	t.Parallel()
	m := manage(t)
	m.environ = append(m.environ, "WATCHDOG_USEC=10000000")
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		app := m.app(health.Provide(func() health.Check {
			return health.Live.Check("disk", func(context.Context) error {
				if broken.Load() {
					return errors.New("gone")
				}
				return nil
			})
		}))
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, phase := range []bool{false, true, false} { // 10 ticks each
			broken.Store(phase)
			time.Sleep(50*time.Second + time.Millisecond)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	m.until(t, "READY=1")
	if got := m.until(t, "STOPPING=1"); len(got) != 20 || slices.ContainsFunc(got, func(s string) bool { return s != "WATCHDOG=1" }) {
		t.Errorf("in 150 s, 100 of them live, came %d: %q; want 20 times WATCHDOG=1", len(got), got)
	}
}

func TestAServiceManagerThatIsNotThereHoldsNothing(t *testing.T) {
	t.Parallel()
	p := process()
	p.Sources = config.Sources{Environ: []string{"NOTIFY_SOCKET=" + filepath.Join(t.TempDir(), "none"), "WATCHDOG_USEC=nonsense"}}
	app := container.New(p, container.Module)
	if err := errors.Join(app.Start(t.Context()), app.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}
