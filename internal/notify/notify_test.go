//go:build unix

package notify_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.com/ostov/internal/notify"
)

func listen(t *testing.T) (conn *net.UnixConn, variable string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, "NOTIFY_SOCKET=" + path
}

func TestNewsIsOneMessage(t *testing.T) {
	t.Parallel()
	conn, variable := listen(t)
	m := notify.Find([]string{variable})
	if err := m.Tell(notify.Ready, notify.Status("two\nlines"), notify.Extend(1500*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if want := "READY=1\nSTATUS=two lines\nEXTEND_TIMEOUT_USEC=1500000"; err != nil || string(b[:n]) != want {
		t.Errorf("the manager heard %q, %v; want %q", b[:n], err, want)
	}
}

func TestAManagerThatDoesNotReadHoldsNobody(t *testing.T) {
	t.Parallel()
	_, variable := listen(t)
	m := notify.Find([]string{variable})
	var err error
	for range 100_000 { // more than any queue holds
		if err = m.Tell(notify.Alive); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("100,000 messages that nobody reads were told")
	}
}

func TestTheWatchdogIsThatOfThisProcess(t *testing.T) {
	t.Parallel()
	_, variable := listen(t)
	for _, tt := range []struct {
		environ []string
		want    time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC=3000000"}, 3 * time.Second},
		{[]string{"WATCHDOG_USEC=3000000", "WATCHDOG_PID=1"}, 0},
		{[]string{"WATCHDOG_USEC=3000000", "WATCHDOG_PID=" + strconv.Itoa(os.Getpid())}, 3 * time.Second},
		{[]string{"WATCHDOG_USEC=-5"}, 0},
		{[]string{"WATCHDOG_USEC=soon"}, 0},
	} {
		m := notify.Find(append(tt.environ, variable))
		if got := m.Watchdog; got != tt.want {
			t.Errorf("watchdog of %q: %v; want %v", tt.environ, got, tt.want)
		}
	}
}

func TestWithoutASocketThereIsNoManager(t *testing.T) {
	t.Parallel()
	if m := notify.Find([]string{"NOTIFY_SOCKET=", "WATCHDOG_USEC=1"}); m != nil {
		t.Errorf("Find without a socket: %v; want nil", m)
	}
}
