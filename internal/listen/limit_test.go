package listen_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"

	"example.com/ostov/internal/listen"
)

// acceptAll hands out what l accepts until it is closed.
func acceptAll(t *testing.T, l net.Listener) <-chan net.Conn {
	t.Helper()

	accepted, done := make(chan net.Conn, 100), make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("accept on %v: %v", l.Addr(), err)
				}
				return
			}
			accepted <- conn
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return accepted
}

// dial connects to address, closed with the test.
func dial(t *testing.T, from string, address net.Addr) net.Conn {
	t.Helper()

	var dialer net.Dialer
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.DialContext(t.Context(), address.Network(), address.String())
	if err != nil {
		t.Fatalf("dial %v: %v", address, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wantClosed fails the test unless the server closes conn without a byte.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, _ := io.ReadAll(conn); len(got) > 0 {
		t.Errorf("the connection over the limit got %q; want it closed", got)
	}
}

func TestConnectionOverTheLimitIsClosedNotQueued(t *testing.T) {
	t.Parallel()

	tests := []struct{ name, address string }{
		{"TCP", "127.0.0.1:0"},
		{"Unix socket", "unix:" + filepath.Join(t.TempDir(), "app.sock")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			l := listen.Limit(bind(t, tt.address)[0], 2, 0, nil)
			accepted := acceptAll(t, l)
			dial(t, "", l.Addr())
			dial(t, "", l.Addr())
			first, second := <-accepted, <-accepted

			wantClosed(t, dial(t, "", l.Addr()))

			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			_ = first.Close() // a second Close frees no second place
			dial(t, "", l.Addr())
			third := <-accepted
			wantClosed(t, dial(t, "", l.Addr()))

			for _, conn := range []net.Conn{second, third} {
				if err := conn.Close(); err != nil {
					t.Errorf("close of an accepted connection: %v", err)
				}
			}
		})
	}
}

func TestConnectionOverTheLimitCanBeAnswered(t *testing.T) {
	t.Parallel()

	l := listen.Limit(bind(t, "127.0.0.1:0")[0], 1, 0, func(c net.Conn) {
		_, _ = io.WriteString(c, "busy")
		_ = c.Close()
	})
	accepted := acceptAll(t, l)
	dial(t, "", l.Addr())
	defer (<-accepted).Close()

	if answer, err := io.ReadAll(dial(t, "", l.Addr())); string(answer) != "busy" {
		t.Errorf("answer over the limit = %q (%v); want that of reject", answer, err)
	}
}

func TestOneAddressCannotTakeEveryPlace(t *testing.T) {
	t.Parallel()

	l := listen.Limit(bind(t, "0.0.0.0:0")[0], 0, 2, nil)
	accepted := acceptAll(t, l)
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Addr().(*net.TCPAddr).Port}

	for range 2 {
		dial(t, "127.0.0.1", address)
	}
	first, second := <-accepted, <-accepted
	defer second.Close()
	wantClosed(t, dial(t, "127.0.0.1", address))

	dial(t, "127.0.0.2", address)
	defer (<-accepted).Close()

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	dial(t, "127.0.0.1", address)
	defer (<-accepted).Close()
}

func TestLimitedConnectionKeepsItsMethods(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.sock")
	for _, plain := range bind(t, "127.0.0.1:0", "unix:"+path) {
		l := listen.Limit(plain, 1, 0, nil)
		accepted := acceptAll(t, l)
		client := dial(t, "", l.Addr())
		conn := <-accepted
		defer conn.Close()

		half, ok := conn.(interface{ CloseWrite() error })
		if !ok {
			t.Fatalf("%T has no CloseWrite", conn)
		}
		if err := half.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, client)
	}
}

func TestNoLimitIsNoListenerOfOurOwn(t *testing.T) {
	t.Parallel()

	l := bind(t, "127.0.0.1:0")[0]
	if got := listen.Limit(l, 0, 0, nil); got != l {
		t.Errorf("Limit without limits = %T; want the listener itself", got)
	}
}
