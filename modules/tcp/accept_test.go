package tcp_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/tcp"
)

func TestAcceptPausesWhileDescriptorsAreMissing(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		k := startOn(t, l, server(echo()))
		at, last := time.Now(), time.Duration(0)
		l.errs <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
			l.errs <- syscall.ENFILE
			if got := time.Since(at) - last; got != want*time.Millisecond {
				t.Errorf("pause = %v; want %v", got, want*time.Millisecond)
			}
			last = time.Since(at)
		}
		k.wantLogged(zap.WarnLevel, 1)

		c := l.connect(t)
		c.send("a\n")
		c.want("[a]\n")

		l.errs <- syscall.EMFILE
		synctest.Wait()
		at = time.Now()
		if err := k.stop(); err != nil {
			t.Error("stop:", err)
		}
		if took := time.Since(at); took != 0 {
			t.Errorf("the stop during a pause took %v; want no time", took)
		}
		k.wantLogged(zap.WarnLevel, 2)
	})
}

func TestListenerThatFailsEndsTheApplication(t *testing.T) {
	t.Parallel()

	broken := errors.New("the listener broke")
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		k := startOn(t, l, server(echo()))
		c := l.connect(t)
		l.errs <- broken
		cause := <-k.ended
		if !errors.Is(cause, broken) || !strings.HasPrefix(cause.Error(), `tcp server "echo": tcp://pipe is not served any more: `) {
			t.Errorf("cause = %v; want the server, its URL and the error", cause)
		}
		c.send("a\n") // until the application stops, sessions go on
		c.want("[a]\n")
	})
}

func TestStopIsNoFailureOfTheListener(t *testing.T) {
	t.Parallel()

	k := start(t, server(echo()))
	if err := k.stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case cause := <-k.ended:
		t.Errorf("the stop was reported as %v", cause)
	default:
	}
}

func TestConnectionOverTheLimitIsClosedAtOnce(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name  string
		limit func(*tcp.Config)
	}{
		{"of all", func(c *tcp.Config) { c.MaxConnections = 3 }},
		{"of one client", func(c *tcp.Config) { c.MaxConnectionsPerClient = 3 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := start(t, server(echo()), configured(tt.limit))
			var within []*client
			for range 3 {
				c := k.dial()
				c.send("a\n")
				c.want("[a]\n")
				within = append(within, c)
			}
			for range 10 {
				k.dial().wantClosed()
			}
			within[0].half()
			within[0].wantEnd("")
			again := k.dialWhenFree()
			for _, c := range append(within[1:], again) {
				c.send("b\n")
				c.want("[b]\n")
			}
		})
	}
}

// dialWhenFree dials until a session is let in: the place of one that has ended
// is free once its server closed it, which its client may see a moment before.
func (k *kit) dialWhenFree() *client {
	k.t.Helper()

	for {
		c := k.dial()
		_, err := io.WriteString(c, "a\n")
		if err == nil {
			if _, err = c.all.ReadString('\n'); err == nil {
				return c
			}
		}
	}
}

func TestConnectionsAreNotLimitedPerClientUnlessTold(t *testing.T) {
	t.Parallel()

	k := start(t, server(echo()))
	for range 200 {
		c := k.dial()
		c.send("a\n")
		c.want("[a]\n")
	}
}
