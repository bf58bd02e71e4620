package tcp_test

import (
	"errors"
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
		k := startPipes(t, server(echo()))
		at, last := time.Now(), time.Duration(0)
		k.pipes.Errs <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
			k.pipes.Errs <- syscall.ENFILE
			if got := time.Since(at) - last; got != want*time.Millisecond {
				t.Errorf("pause = %v; want %v", got, want*time.Millisecond)
			}
			last = time.Since(at)
		}
		k.wantLogged(zap.WarnLevel, 1)

		c := k.dial()
		c.send("a\n")
		c.want("[a]\n")

		k.pipes.Errs <- syscall.EMFILE
		synctest.Wait()
		k.stopTakes(0) // though in a pause
		k.wantLogged(zap.WarnLevel, 2)
	})
}

func TestListenerThatFailsEndsTheApplication(t *testing.T) {
	t.Parallel()

	broken := errors.New("the listener broke")
	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(echo()))
		c := k.dial()
		k.pipes.Errs <- broken
		cause := <-k.ended
		if !errors.Is(cause, broken) || !strings.HasPrefix(cause.Error(), `tcp server "echo": tcp+unix://pipe is not served any more: `) {
			t.Errorf("cause = %v; want the server, its URL and the error", cause)
		}
		c.send("a\n") // until the application stops, sessions go on
		c.want("[a]\n")
	})
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
			within := []*client{k.dial(), k.dial(), k.dial()}
			for range 10 {
				k.dial().wantClosed()
			}
			for _, c := range within {
				c.send("a\n")
				c.want("[a]\n")
			}
		})
	}
}
