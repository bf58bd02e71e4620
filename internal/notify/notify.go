// Package notify tells the service manager how the process is, by the protocol
// of sd_notify: that it is ready, that it stops, that it is alive. It is told
// what to say and knows nothing of the application.
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// patience is how long a message may wait for a manager that does not read.
const patience = 100 * time.Millisecond

// Manager is the service manager that started this process.
type Manager struct {
	// Watchdog is how often the manager wants to hear [Alive], 0 for never. Who
	// speaks twice as often may miss one.
	Watchdog time.Duration

	socket string
}

// Find returns the manager that environ names in NOTIFY_SOCKET, nil where it
// names none.
func Find(environ []string) *Manager {
	env := make(map[string]string)
	for _, variable := range environ {
		if name, value, ok := strings.Cut(variable, "="); ok {
			env[name] = value
		}
	}
	if env["NOTIFY_SOCKET"] == "" {
		return nil
	}
	m := &Manager{socket: env["NOTIFY_SOCKET"]}
	if pid := env["WATCHDOG_PID"]; pid == "" || pid == strconv.Itoa(os.Getpid()) {
		usec, _ := strconv.ParseInt(env["WATCHDOG_USEC"], 10, 64) // not given, or not by systemd: no watchdog
		m.Watchdog = max(0, time.Duration(usec)*time.Microsecond)
	}
	return m
}

// What can be told.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	Alive    = "WATCHDOG=1"
)

// Extend lets the state under way, a start or a stop, last for d, whatever the
// limit of the manager is.
func Extend(d time.Duration) string { return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", d.Microseconds()) }

// Status makes a line for people, as systemctl status shows it.
func Status(text string) string { return "STATUS=" + strings.ReplaceAll(text, "\n", " ") }

// Tell sends news in one message, from any goroutine. The error names the socket.
func (m *Manager) Tell(news ...string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(patience)) // fails for closed ones
		_, err = conn.Write([]byte(strings.Join(news, "\n")))
		_ = conn.Close() // what was written is out
	}
	if err != nil {
		return fmt.Errorf("tell the service manager at NOTIFY_SOCKET=%s: %w", m.socket, err)
	}
	return nil
}
