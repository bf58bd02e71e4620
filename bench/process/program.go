package main

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
	"strings"
	"time"
)

// program is a running program that printed its ready line.
type program struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bytes.Buffer

	ready  time.Duration // from exec to the ready line
	url    string        // its HTTP server
	client http.Client
}

// start runs the program in its own folder, without configuration from outside,
// until it says that it serves. The end of ctx kills it.
func start(ctx context.Context, path string, args ...string) (*program, error) {
	p := &program{
		cmd:    exec.CommandContext(ctx, path, args...),
		stderr: new(bytes.Buffer),
		client: http.Client{Transport: new(http.Transport)},
	}
	p.cmd.Dir = filepath.Dir(path)
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "APP_") })
	p.cmd.Stderr = p.stderr
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
	p.ready = time.Since(began)
	if err == nil && strings.HasPrefix(line, "Serving on ") {
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "http://") {
				p.url = strings.TrimSuffix(word, ".")
				return p, nil
			}
		}
	}
	_, _ = p.stop()
	return nil, fmt.Errorf("%s printed %q and was not ready\n%s", path, line, p.stderr)
}

// get asks the program, reads the whole answer, and returns how long it took.
func (p *program) get(ctx context.Context, path string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, http.NoBody)
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

// stop interrupts the program and returns how long its clean end took.
func (p *program) stop() (time.Duration, error) {
	p.client.CloseIdleConnections()
	began := time.Now()
	_ = p.cmd.Process.Signal(os.Interrupt) // one that has ended says so below
	_, _ = io.Copy(io.Discard, p.stdout)
	if err := p.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", p.cmd, err, p.stderr)
	}
	return time.Since(began), nil
}
