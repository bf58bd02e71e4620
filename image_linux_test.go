package ostov_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/ostov/internal/testkit"
)

// static builds the program as the image has it.
func static(t *testing.T, path string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOGC=400")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}

// What the image has is a program and nothing that it would need: in a root of
// its own that it may not write to, as a user without rights, it starts, is
// healthy, serves and stops.
func TestTheContentOfTheImageRuns(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may change the root; the image itself is built and run in CI")
	}
	root := t.TempDir()
	static(t, filepath.Join(root, "app"))
	for dir := root; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // another user has to get there
			t.Fatal(err)
		}
	}
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "/app", args...)
		cmd.Dir = "/"
		cmd.Env = []string{"APP_HTTP_ADDRESS=127.0.0.1:0", "APP_TCP_ADDRESS=127.0.0.1:0", "APP_ADMIN_ADDRESS=127.0.0.1:0"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 10001, Gid: 10001}}
		return cmd
	}

	app := inside()
	var stderr bytes.Buffer
	app.Stderr = &stderr
	stdout, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	ready, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("it said %q, %v: %s", ready, err, app.Wait())
	}
	url, _, admin := testkit.Served(ready)
	for _, args := range [][]string{{"health"}, {"health", "--ready"}} {
		health := inside(append(args, "--set", "admin.address="+strings.TrimPrefix(admin, "http://"))...)
		if out, err := health.CombinedOutput(); err != nil {
			t.Errorf("app %v: %v\n%s", args, err, out)
		}
	}
	client := &http.Client{Timeout: time.Minute}
	answer, err := client.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	client.CloseIdleConnections()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("GET /readyz = %s", answer.Status)
	}
	if err := app.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Error(err)
	}
	if err := app.Wait(); err != nil {
		t.Errorf("the stop: %v\n%s", err, stderr.String())
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 {
		t.Errorf("the root has %v, %v; want the program alone", entries, err)
	}
}

func TestTheUnitsAreValid(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no systemd-analyze here: the units are not verified")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "app") // which only has to be there
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ostov.service", "ostov.socket"} {
		unit := strings.ReplaceAll(file(t, "deploy/"+name), "/usr/local/bin/app", program)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", filepath.Join(dir, "ostov.service"), filepath.Join(dir, "ostov.socket"))
	if out, err := verify.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// systemd hands the port of ostov.socket to the program, by the name that the
// service asks for.
func TestAPortOfSystemdIsServed(t *testing.T) {
	t.Parallel()
	activate, err := exec.LookPath("systemd-socket-activate")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no systemd-socket-activate here")
	}
	program := filepath.Join(t.TempDir(), "app")
	static(t, program)
	address := freeAddress(t)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), activate, "-l", address, "--fdname=http",
		"-E", "APP_HTTP_ADDRESS=fd:http", "-E", "APP_TCP_ADDRESS=127.0.0.1:0", "-E", "APP_ADMIN_ADDRESS=127.0.0.1:0", program)
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	deadline := time.Now().Add(time.Minute)
	answer, err := client.Get("http://" + address + "/livez")
	for ; err != nil && time.Now().Before(deadline); answer, err = client.Get("http://" + address + "/livez") {
		<-time.After(20 * time.Millisecond) // systemd does not listen yet
	}
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("GET /livez = %s; want 200", answer.Status)
	}
	lines := bufio.NewReader(stdout)
	if ready, err := lines.ReadString('\n'); err != nil { // /livez answers while other hooks still start
		t.Fatalf("it said %q, %v", ready, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil { // systemd-socket-activate has become the program
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(string(rest), "Server shutting down.") {
		t.Errorf("the stop: %v, %q\n%s", err, rest, &stderr)
	}
}

// freeAddress returns an address for a program to listen on soon. Its port is none
// that the system gives to who asks for any, so that no other test gets it first.
func freeAddress(t *testing.T) string {
	t.Helper()
	for i := range 10_000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+(os.Getpid()+i)%10_000))
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port from 10000 to 19999 is free")
	return ""
}
