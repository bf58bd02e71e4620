// Package program runs the programs that are measured.
package program

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/ostov/internal/testkit"
)

// Program is a running program that printed its ready line.
type Program struct {
	Ready time.Duration // from exec to the ready line
	URL   string        // its HTTP server
	TCP   string        // host:port of its line server; empty: none

	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bytes.Buffer
	client http.Client
}

// Build compiles a package of the module in dir as make build does, and returns
// the processor time that it took.
func Build(ctx context.Context, dir, pkg, binary string, env ...string) (used time.Duration, err error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg) // as make build
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOGC=400"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// Start runs the program in its own folder, without configuration from outside,
// until it says that it serves. The end of ctx kills it. What it writes to
// stderr goes to a file, or with nil to the error of a Stop.
func Start(ctx context.Context, stderr *os.File, path string, args ...string) (*Program, error) {
	p := &Program{
		cmd:    exec.CommandContext(ctx, path, args...),
		stderr: new(bytes.Buffer),
		client: http.Client{Transport: new(http.Transport)},
	}
	p.cmd.Dir = filepath.Dir(path)
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "APP_") })
	p.cmd.Stderr = p.stderr
	if stderr != nil {
		p.cmd.Stderr = stderr
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)

	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := p.stdout.ReadString('\n')
	p.Ready = time.Since(began)
	if err == nil && strings.HasPrefix(line, "Serving on ") {
		var tcp string
		p.URL, tcp, _ = testkit.Served(line)
		p.TCP = strings.TrimPrefix(tcp, "tcp://")
		if p.URL != "" {
			return p, nil
		}
	}
	_, _ = p.Stop()
	return nil, fmt.Errorf("%s printed %q and was not ready\n%s", path, line, p.stderr)
}

// Get asks the program, reads the whole answer, and returns how long it took.
func (p *Program) Get(ctx context.Context, path string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	answer, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	took := time.Since(began)
	_ = answer.Body.Close()
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return took, err
}

// Stop interrupts the program and returns how long its clean end took.
func (p *Program) Stop() (time.Duration, error) {
	p.client.CloseIdleConnections()
	began := time.Now()
	_ = p.cmd.Process.Signal(os.Interrupt) // one that has ended says so below
	_, _ = io.Copy(io.Discard, p.stdout)
	if err := p.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", p.cmd, err, p.stderr)
	}
	return time.Since(began), nil
}

// Resident returns the bytes of memory that the program holds now.
func (p *Program) Resident() (int, error) {
	file := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	status, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kib, err := strconv.Atoi(string(fields[1]))
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", file)
}
