package listen_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/ostov/internal/listen"
)

// TestMain is also the child of the tests of inherited listeners.
func TestMain(m *testing.M) {
	if addresses, ok := os.LookupEnv("TEST_LISTEN_ADDRESSES"); ok {
		os.Exit(child(strings.Fields(addresses)))
	}
	os.Exit(m.Run())
}

// child prints how it listens on addresses and serves one client on each.
func child(addresses []string) int {
	set, err := listen.Inherited(os.Environ())
	if err != nil {
		fmt.Println("inherited:", err)
		return 1
	}
	all, err := set.All(context.Background(), addresses...)
	if err != nil {
		fmt.Println("error:", err)
	}
	for _, l := range all {
		fmt.Println("listening on", l.Addr())
	}
	for _, left := range set.Addresses() {
		fmt.Println("left", left)
	}
	if err := set.Close(); err != nil {
		fmt.Println("close:", err)
	}
	fmt.Println("ready")
	for _, l := range all {
		conn, err := l.Accept()
		if err != nil {
			fmt.Println("accept:", err)
			return 1
		}
		_, _ = io.WriteString(conn, "from the child")
		_ = conn.Close()
	}
	return 0
}

// file is what a child can inherit: a listener, for one.
type file interface{ File() (*os.File, error) }

// startChild starts a child that inherits files and returns what it printed up
// to "ready". In environ the shell replaces $$ by the id of the child.
func startChild(t *testing.T, environ, addresses string, inherit ...file) string {
	t.Helper()

	if runtime.GOOS == "windows" {
		t.Skip("no descriptors are inherited on Windows")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", environ+` exec "$0"`, program)
	cmd.Env = append(os.Environ(), "TEST_LISTEN_ADDRESSES="+addresses)
	cmd.Stderr = os.Stderr
	for _, l := range inherit {
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the end of t.Context kills it

	var printed strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
		fmt.Fprintln(&printed, lines.Text())
	}
	return printed.String()
}

// tcp returns a listener for a child to inherit.
func tcp(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	return bind(t, address)[0].(*net.TCPListener)
}

// Contract B110.
func TestInheritedListenersAreUsedInsteadOfBound(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.sock")
	v4, v6, all, named := tcp(t, "127.0.0.1:0"), tcp(t, "[::1]:0"), tcp(t, ":0"), tcp(t, "127.0.0.1:0")
	socket := bind(t, "unix:"+path)[0].(*net.UnixListener)
	anywhere := all.Addr().(*net.TCPAddr).Port

	printed := startChild(t, "LISTEN_FDS=5 LISTEN_PID=$$ LISTEN_FDNAMES=a:b:c:web:e",
		fmt.Sprintf("%s fd:web unix:%s 0.0.0.0:%d %s 127.0.0.1:0", v6.Addr(), path, anywhere, v4.Addr()),
		v4, v6, all, named, socket)
	want := fmt.Sprintf("listening on %s\nlistening on %s\nlistening on %s\nlistening on [::]:%d\nlistening on %s\nlistening on 127.0.0.1:",
		v6.Addr(), named.Addr(), path, anywhere, v4.Addr())
	if !strings.HasPrefix(printed, want) {
		t.Fatalf("the child printed\n%s\nwant it to begin with\n%s", printed, want)
	}
	if strings.Contains(printed, "left") || strings.Contains(printed, "error") {
		t.Errorf("the child printed\n%s\nwant no listener left and no error", printed)
	}

	conn, err := net.Dial("tcp", v6.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if answer, err := io.ReadAll(conn); string(answer) != "from the child" {
		t.Errorf("answer on the inherited listener = %q (%v); want it from the child", answer, err)
	}
}

func TestInheritedListenersOfNobodyAreNamed(t *testing.T) {
	t.Parallel()

	one, other := tcp(t, "127.0.0.1:0"), tcp(t, "127.0.0.1:0")
	printed := startChild(t, "LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=one", other.Addr().String(), one, other)
	want := fmt.Sprintf("listening on %s\nleft %s (fd:one)\n", other.Addr(), one.Addr())
	if printed != want {
		t.Errorf("the child printed\n%s\nwant\n%s", printed, want)
	}
}

func TestInheritedListenersAreNotTakenAfterAnError(t *testing.T) {
	t.Parallel()

	l := tcp(t, "127.0.0.1:0")
	printed := startChild(t, "LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web", "fd:web 192.0.2.1:0", l)
	if want := fmt.Sprintf("left %s (fd:web)\n", l.Addr()); !strings.Contains(printed, "error: listen on 192.0.2.1:0") || !strings.HasSuffix(printed, want) {
		t.Errorf("the child printed\n%s\nwant an error and at the end\n%s", printed, want)
	}
}

func TestWhichListenersAreInherited(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, environ string
		inherited     bool
	}{
		{"given to this process", "LISTEN_FDS=1 LISTEN_PID=$$", true},
		{"by a parent that does not say to whom", "LISTEN_FDS=1", true},
		{"given to another process", "LISTEN_FDS=1 LISTEN_PID=1", false},
		{"none", "LISTEN_PID=$$", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			l := tcp(t, "127.0.0.1:0")
			printed := startChild(t, tt.environ, l.Addr().String(), l)
			want := "listening on " + l.Addr().String()
			if !tt.inherited {
				want = "error: listen on " + l.Addr().String() + ": address already in use"
			}
			if !strings.HasPrefix(printed, want) {
				t.Errorf("with %s the child printed\n%s\nwant\n%s", tt.environ, printed, want)
			}
		})
	}
}

func TestInheritedDescriptorsThatCannotListenAreNamed(t *testing.T) {
	t.Parallel()

	tests := []struct{ name, environ, want string }{
		{"no number", "LISTEN_FDS=many LISTEN_PID=$$", `inherited: LISTEN_FDS="many" is not the number of inherited listeners`},
		{"no descriptor", "LISTEN_FDS=9 LISTEN_PID=$$", "inherited: inherited descriptor 4 () is not a listening stream socket"},
		{"no listener", "exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web", "inherited: inherited descriptor 3 (web) is not a listening stream socket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if printed := startChild(t, tt.environ, "", tcp(t, "127.0.0.1:0")); !strings.HasPrefix(printed, tt.want) {
				t.Errorf("the child printed\n%s\nwant\n%s", printed, tt.want)
			}
		})
	}
}

func TestInheritedWithoutAParentIsNil(t *testing.T) {
	t.Parallel()

	set, err := listen.Inherited([]string{"HOME=/", "LISTEN_FDS="})
	if set != nil || err != nil {
		t.Fatalf("Inherited = %v, %v; want nil", set, err)
	}
	if err := set.Close(); err != nil {
		t.Errorf("Close of a nil Set = %v", err)
	}
	if left := set.Addresses(); left != nil {
		t.Errorf("Addresses of a nil Set = %q", left)
	}
}
