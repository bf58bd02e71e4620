package tcp_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// clients are many sessions of another process: so many descriptors do not fit
// into this one.
type clients struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// dialMany opens so many sessions with the first server, each of which was
// answered once.
func dialMany(tb testing.TB, k *kit, sessions int) *clients {
	tb.Helper()
	return dialManyAndSend(tb, k, sessions, "a\n")
}

// dialManyAndSend opens so many sessions that send text. Where it has a line,
// they have its answer.
func dialManyAndSend(tb testing.TB, k *kit, sessions int, text string) *clients {
	tb.Helper()

	program, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), program)
	cmd.Env = append(os.Environ(),
		"TEST_TCP_DIAL="+strings.TrimPrefix(k.URLs()[0], "tcp://"),
		"TEST_TCP_SESSIONS="+strconv.Itoa(sessions),
		"TEST_TCP_SEND="+text)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		tb.Fatalf("clients in another process: %q (%v)", line, err)
	}
	return &clients{cmd: cmd, stdin: stdin}
}

// hangUp ends all sessions.
func (c *clients) hangUp(tb testing.TB) {
	tb.Helper()

	_ = c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		tb.Error("clients in another process:", err)
	}
}

// dialAndWait is the other process. It returns its exit code when its input
// ends.
func dialAndWait(address, sessions, text string) int {
	count, err := strconv.Atoi(sessions)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	conns := make([]net.Conn, count)
	for i := range conns {
		if conns[i], err = net.Dial("tcp", address); err == nil {
			_, err = io.WriteString(conns[i], text)
		}
		if err == nil && strings.HasSuffix(text, "\n") {
			_, err = conns[i].Read(make([]byte, 16))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, conn := range conns {
		_ = conn.Close()
	}
	return 0
}
