//go:build unix

package faults

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/ostov/internal/testkit"
)

// process is the program, running and ready.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer     // without it the program ends
	stdout *bufio.Reader // nil where the test gave it another one
	stderr testkit.Buffer

	url, admin  string // of the HTTP servers
	http, lines string // host:port
	dir         string // where it runs
	ended       bool
}

// launch starts the program with settings, on free ports unless they say
// otherwise, and waits for its ready line. It is killed when the test ends.
func launch(t *testing.T, settings ...string) *process {
	t.Helper()
	return inherit(t, nil, settings...)
}

// inherit is launch with a listener for the program to inherit.
func inherit(t *testing.T, l *os.File, settings ...string) *process {
	t.Helper()
	p := prepare(t, settings...)
	if l != nil {
		p.cmd.ExtraFiles = []*os.File{l}
		p.cmd.Env = append(p.cmd.Env, "LISTEN_FDS=1")
	}
	p.cmd.Stderr = &p.stderr
	p.start()
	return p
}

// prepare makes a program that is not started.
func prepare(t *testing.T, settings ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), cmd: exec.Command(os.Args[0])}
	free := []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"}
	for _, setting := range append(free, settings...) {
		p.cmd.Args = append(p.cmd.Args, "--set", setting)
	}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin, p.cmd.Dir = stdin, p.dir
	p.cmd.Env = []string{asProgram + "=yes", "TMPDIR=" + p.dir, "GORACE=atexit_sleep_ms=0 halt_on_error=1"}
	return p
}

// start starts the program and waits for its ready line.
func (p *process) start() {
	t := p.t
	t.Helper()
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	p.run()
	ready, err := p.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("the program is not ready: %q, %v", ready, err)
	}
	var lines string // the last one: the others are features'
	p.url, lines, p.admin = testkit.Served(ready)
	_, p.http, _ = strings.Cut(p.url, "://")
	_, p.lines, _ = strings.Cut(lines, "://")
}

// run starts the program, which is killed when the test ends.
func (p *process) run() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if !p.ended {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		if p.t.Failed() {
			p.t.Logf("the program wrote:\n%.8000s", p.stderr.String())
		}
	})
}

// terminate asks the program to stop.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
}

// end waits for the program to end and returns its exit code.
func (p *process) end() int {
	p.t.Helper()
	if p.stdout != nil {
		if _, err := io.Copy(io.Discard, p.stdout); err != nil {
			p.t.Error(err)
		}
	}
	err := p.cmd.Wait()
	p.ended = true
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Error(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop terminates the program, which has to end cleanly.
func (p *process) stop() {
	p.t.Helper()
	p.terminate()
	p.wantClean()
}

// wantClean waits for a clean end, with nothing forced.
func (p *process) wantClean() {
	p.t.Helper()
	if code := p.end(); code != 0 {
		p.t.Errorf("exit code %d; want 0", code)
	}
	if strings.Contains(p.stderr.String(), "the drain was forced") {
		p.t.Error("the drain was forced; want it to end by itself")
	}
}

// get asks the program, by a path of the public server or a URL, on a connection
// of its own.
func (p *process) get(path string) (status int, body string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.url + path
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: anyServer(), DisableKeepAlives: true}}
	r, err := client.Get(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return r.StatusCode, string(all)
}

// await waits until the program's count of something is at least low.
func (p *process) await(what string, low int) { p.t.Helper(); p.awaitCount(what, low, math.MaxInt) }

// awaitCount waits until the count is in a range.
func (p *process) awaitCount(what string, low, high int) {
	p.t.Helper()
	path := fmt.Sprintf("/await?what=%s&low=%d&high=%d", what, low, high)
	if status, body := p.get(path); status != http.StatusOK {
		p.t.Fatalf("waited in vain for %d to %d of %s: %s", low, high, what, body)
	}
}

// anyServer is the TLS of clients that are not tests of certificates.
func anyServer(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}
}

// dial opens a connection that is closed when the test ends.
func (p *process) dial(address string) net.Conn {
	p.t.Helper()
	c, err := new(net.Dialer).DialContext(p.t.Context(), "tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// ask sends a GET request, whose answer answered reads.
func (p *process) ask(path string) net.Conn {
	p.t.Helper()
	c := p.dial(p.http)
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// answered reads one answer, whole.
func answered(c net.Conn) (answer *http.Response, body string, err error) {
	answer, err = http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	return answer, string(all), err
}

// freeAddress returns an address for several programs in turn. Its port is none
// that a client's end of a connection may take meanwhile.
func freeAddress(t *testing.T) string {
	t.Helper()
	for port := 20_000; port < 30_000; port++ {
		address := net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port from 20000 to 29999 is free")
	return ""
}

// background runs f until the returned function has its result.
func background[T any](ctx context.Context, f func(context.Context) T) (end func() T) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan T, 1)
	go func() { done <- f(ctx) }()
	return func() T {
		cancel()
		return <-done
	}
}
