package listen_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"example.com/ostov/internal/listen"
)

// none is what a process has that inherited nothing.
var none *listen.Set

// bind returns the listeners of addresses, closed with the test.
func bind(t *testing.T, addresses ...string) []net.Listener {
	t.Helper()

	all, err := none.All(t.Context(), addresses...)
	if err != nil {
		t.Fatalf("All(%q) = %v", addresses, err)
	}
	t.Cleanup(func() {
		for _, l := range all {
			_ = l.Close() // a test may have closed it
		}
	})
	return all
}

// wantReachable fails the test unless l accepts what dials its address.
func wantReachable(t *testing.T, l net.Listener) {
	t.Helper()

	conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatalf("dial %v: %v; want it to be served", l.Addr(), err)
	}
	defer conn.Close()
	served, err := l.Accept()
	if err != nil {
		t.Fatalf("accept on %v: %v", l.Addr(), err)
	}
	_ = served.Close()
}

// Contract B107, B109, B110.
func TestAllBindsEveryAddressInOrder(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.sock")
	all := bind(t, "127.0.0.1:0", "unix:"+path, "localhost:0", "[::1]:0", ":0", "0.0.0.0:0")
	if len(all) != 6 {
		t.Fatalf("All of 6 addresses = %d listeners", len(all))
	}
	for _, l := range all {
		wantReachable(t, l)
	}
	if port := all[0].Addr().(*net.TCPAddr).Port; port == 0 {
		t.Error("port 0 is still 0 after binding; want the port that was picked")
	}
	if got := all[1].Addr().String(); got != path {
		t.Errorf("second listener has address %q; want %q", got, path)
	}
	if got := all[3].Addr().String(); !strings.HasPrefix(got, "[::1]:") {
		t.Errorf("IPv6 listener has address %q; want [::1]:port", got)
	}
	if got := all[5].Addr().String(); !strings.HasPrefix(got, "0.0.0.0:") {
		t.Errorf("0.0.0.0:0 was bound as %s; want 0.0.0.0, without IPv6", got)
	}
}

// Contract B109.
func TestAllBindsNothingAfterAnError(t *testing.T) {
	t.Parallel()

	taken := bind(t, "127.0.0.1:0")[0].Addr().String()
	path := filepath.Join(t.TempDir(), "app.sock")
	free := bind(t, "127.0.0.1:0")[0]
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}

	all, err := none.All(t.Context(), free.Addr().String(), "unix:"+path, taken)
	if err == nil {
		t.Fatalf("All with the taken address %s = %v; want an error", taken, all)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("error %v does not wrap EADDRINUSE", err)
	}
	want := "listen on " + taken + ": address already in use: stop the process that listens there or choose another port"
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error = %q; want it to begin with %q", err, want)
	}
	if _, err := net.Dial("tcp", free.Addr().String()); err == nil {
		t.Errorf("%v is still bound after All failed", free.Addr())
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the socket is still there after All failed: %v", err)
	}
}

func TestErrorsNameTheAddressAndTheWayOut(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.sock")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	served := filepath.Join(dir, "served.sock")
	bind(t, "unix:"+served)
	datagrams := filepath.Join(dir, "datagrams.sock")
	other, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: datagrams, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })

	tests := []struct{ name, address, want string }{
		{"malformed", "127.0.0.1:70000", `address "127.0.0.1:70000": port "70000" is not a number`},
		{"of another machine", "192.0.2.1:0", "choose an address of this machine"},
		{"an unknown name", "no-such-host.invalid:0", "choose an address of this machine"},
		{"a file that is no socket", "unix:" + file, file + " is there and is no socket: remove it or choose another path"},
		{"a link", "unix:" + link, link + " is there and is no socket"},
		{"a folder", "unix:" + dir, dir + " is there and is no socket"},
		{"a folder that is missing", "unix:" + dir + "/none/app.sock", "the folder must exist"},
		{"a socket that is served", "unix:" + served, "address already in use: stop the process that listens there or choose another path"},
		{"a socket of another kind", "unix:" + datagrams, "a process may listen there: stop it or choose another path"},
		{"an unknown inherited one", "fd:web", `no inherited listener is left with the name "web"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			all, err := none.All(t.Context(), tt.address)
			if err == nil {
				t.Fatalf("All(%q) = %v; want an error", tt.address, all)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.address) {
				t.Errorf("All(%q) = %q; want the address and %q in it", tt.address, err, tt.want)
			}
		})
	}
	t.Cleanup(func() {
		if text, err := os.ReadFile(file); string(text) != "dear diary" {
			t.Errorf("the file in the way holds %q (%v); want it untouched", text, err)
		}
	})
}

// Contract B111.
func TestSocketFileOfADeadProcessIsReplaced(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}

	l := bind(t, "unix:"+path)[0]
	wantReachable(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the socket is still there after Close: %v", err)
	}
}

func TestSocketFileIsOpenToItsOwnerOnly(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "app.sock")
	bind(t, "unix:"+path)
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != fs.ModeSocket|0o600 {
		t.Errorf("mode of the socket's file is %v; want a socket with 0600", got)
	}
}

// Contract B111.
func TestAbstractSocketHasNoFile(t *testing.T) {
	t.Parallel()

	if runtime.GOOS != "linux" {
		t.Skip("abstract sockets exist on Linux only")
	}
	name := "@" + filepath.Base(t.TempDir()) + t.Name()
	l := bind(t, "unix:"+name)[0]
	wantReachable(t, l)
	if got, want := listen.URL("http", l.Addr()), "http+unix://"+name; got != want {
		t.Errorf("URL = %q; want %q", got, want)
	}
	if _, err := none.All(t.Context(), "unix:"+name); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second All(unix:%s) = %v; want address already in use", name, err)
	}
}

// Contract B112.
func TestAddressIsFreeAgainOnceItsListenerIsClosed(t *testing.T) {
	t.Parallel()

	l := bind(t, "127.0.0.2:0")[0]
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []interface{ Close() error }{conn, l} { // the server closes first: its port waits for strays
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}

	wantReachable(t, bind(t, l.Addr().String())[0])
}

func TestPendingTakesWhatWaitsAndNoMore(t *testing.T) {
	t.Parallel()

	if runtime.GOOS == "windows" {
		t.Skip("nothing is taken there")
	}
	for _, l := range bind(t, "127.0.0.1:0", "unix:"+filepath.Join(t.TempDir(), "s")) {
		for range 3 {
			c, err := new(net.Dialer).DialContext(t.Context(), l.Addr().Network(), l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		waiting := listen.Pending(l)
		for range 2 {
			c, err := waiting.Accept()
			if err != nil {
				t.Fatalf("%s: %v; want the connections that waited", l.Addr(), err)
			}
			got := make([]byte, 5)
			if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" || c.Close() != nil {
				t.Errorf("%s: a pending connection gave %q, %v; want hello", l.Addr(), got, err)
			}
		}
		if err := waiting.Close(); err != nil { // and with it the third
			t.Error(err)
		}
		l.Close()
		for name, empty := range map[string]net.Listener{"then": waiting, "once closed": listen.Pending(l)} {
			if _, err := empty.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %s Accept gave %v; want that it is closed", l.Addr(), name, err)
			}
		}
	}
}
