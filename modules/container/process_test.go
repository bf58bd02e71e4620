//go:build unix

package container_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/config"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

// role names the variable that makes the test binary one of the programs below
// instead of the tests.
const role = "TEST_CONTAINER_ROLE"

func TestMain(m *testing.M) {
	if name := os.Getenv(role); name != "" {
		os.Exit(programs[name]())
	}
	goleak.VerifyTestMain(m)
}

// programs are what the tests of this file run as processes of their own.
var programs = map[string]func() int{
	"plain":      func() int { return runHooks(tell("a"), tell("b")) },
	"slow start": func() int { return runHooks(tell("a"), slow("b", time.Minute, 0), tell("c")) },
	"slow stop":  func() int { return runHooks(tell("a"), slow("b", 0, time.Minute)) },
	"after run": func() int {
		code := runHooks(tell("a"))
		fmt.Println("run is over")
		<-time.After(time.Minute)
		return code
	},
	"no run": func() int {
		c := container.New(process(), container.Module)
		if err := c.Start(context.Background()); err != nil {
			return 1
		}
		<-time.After(time.Minute)
		return 0
	},
	"slow build": func() int {
		return container.Run(context.Background(), process(), container.Module, fx.Invoke(func(lc fx.Lifecycle) {
			lc.Append(fx.Hook{OnStop: func(context.Context) error { fmt.Println("-held"); return nil }})
			fmt.Println("building")
			<-time.After(500 * time.Millisecond) // a constructor cannot be interrupted
		}), container.CleanupCtx(func() lifecycle.Setup { return tell("a") }))
	},
	"ten slow starts": func() int {
		var setups []lifecycle.Setup
		for i := range 10 {
			setups = append(setups, slow(fmt.Sprint(i), 200*time.Millisecond, 0))
		}
		return runHooks(setups...)
	},
	"inherited": func() int {
		p := process()
		p.Sources.Environ = []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}
		return container.Run(context.Background(), p, container.Module, fx.Provide(func() (*zap.Logger, error) { return zap.NewProduction() }))
	},
	"fault": func() int {
		var op, kind string
		var k int
		if _, err := fmt.Sscan(os.Getenv(fault), &op, &kind, &k); err != nil {
			panic(err)
		}
		p := process()
		p.Sources.Set = []string{"app.start_timeout=1s", "app.stop_timeout=1s"}
		var options []fx.Option
		for i := range 5 {
			s := tell(fmt.Sprint(i))
			if i == k {
				s = broken(op, kind, s)
			}
			options = append(options, container.CleanupCtx(func() lifecycle.Setup { return s }))
		}
		return container.Run(context.Background(), p, container.Module, fx.Options(options...))
	},
}

// fault names the variable with the fault of the program of this name, such as
// "stop hangs 3".
const fault = "TEST_CONTAINER_FAULT"

func process() container.Process {
	return container.Process{Sources: config.Sources{Environ: []string{}}}
}

// flushed is where a log goes to that tells when it is to be out.
type flushed struct{ io.Writer }

func (flushed) Sync() error { fmt.Println("flushed"); return nil }

func runHooks(setups ...lifecycle.Setup) int {
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), flushed{io.Discard}, zap.InfoLevel))
	options := []fx.Option{fx.Supply(log)}
	for _, s := range setups {
		options = append(options, container.CleanupCtx(func() lifecycle.Setup { return s }))
	}
	return container.Run(context.Background(), process(), container.Module, fx.Options(options...))
}

func tell(name string) lifecycle.Setup { return slow(name, 0, 0) }

// slow takes its time to start and to stop; only the start heeds its context.
func slow(name string, start, stop time.Duration) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		fmt.Println("starting " + name)
		if start > 0 {
			select {
			case <-time.After(start):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		fmt.Println("+" + name)
		return func(context.Context) error {
			fmt.Println("stopping " + name)
			if stop > 0 {
				<-time.After(stop)
			}
			fmt.Println("-" + name)
			return nil
		}, nil
	}
}

// broken is s with a fault in its start or stop.
func broken(op, kind string, s lifecycle.Setup) lifecycle.Setup {
	fault := func() error {
		switch kind {
		case "fails":
			return errors.New("out of order")
		case "panics":
			panic("out of order")
		default:
			select {} // hangs, whatever its context says
		}
	}
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		if op == "start" {
			return nil, fault()
		}
		_, err := s(ctx)
		return func(context.Context) error { return fault() }, err
	}
}

// child is one of the programs, running.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer
	said   []string
}

// newChild describes a program, with the command that starts it, if any.
func newChild(t *testing.T, program string, by ...string) *child {
	command := append(by, os.Args[0])
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), command[0], command[1:]...)}
	c.cmd.Env = append(os.Environ(), role+"="+program, "GORACE=atexit_sleep_ms=0") // the race detector takes a second to end a process
	c.cmd.Stderr = &c.stderr
	return c
}

func start(t *testing.T, program string, by ...string) *child {
	t.Helper()
	return newChild(t, program, by...).start()
}

func (c *child) start() *child {
	c.t.Helper()
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.stdout = bufio.NewReader(stdout)
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// until reads lines to the one that begins with prefix.
func (c *child) until(prefix string) *child {
	c.t.Helper()
	for {
		line, err := c.stdout.ReadString('\n')
		if err != nil {
			c.t.Fatalf("the program ended before it said %q: %v; stderr:\n%s", prefix, err, c.stderr.String())
		}
		c.said = append(c.said, strings.TrimSpace(line))
		if strings.HasPrefix(line, prefix) {
			return c
		}
	}
}

func (c *child) signal(s syscall.Signal) *child {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// end waits for the program and returns its exit code (128 and the signal's
// number where one killed it) and its whole stdout.
func (c *child) end() (code int, stdout string) {
	c.t.Helper()
	rest, err := io.ReadAll(c.stdout)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // the state tells all
	status := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	code = status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return code, strings.Join(append(c.said, strings.Fields(strings.ReplaceAll(string(rest), " ", "_"))...), " ")
}

// Contract B34, B35, B108.
func TestASignalStopsTheApplicationGracefully(t *testing.T) {
	t.Parallel()

	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			if signal.Ignored(s) {
				t.Skip("it is ignored here, as under nohup, and stays so in the program")
			}
			c := start(t, "plain").until("Serving on").signal(s)
			code, stdout := c.end()
			want := "starting a +a starting b +b Serving on. Hit CTRL-C to stop. Server_shutting_down. stopping_b -b stopping_a -a"
			if code != 0 || stdout != want || c.stderr.Len() > 0 {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 0 and %q", code, stdout, c.stderr.String(), want)
			}
		})
	}
}

// As under nohup. Were it heard, SIGTERM would be the second signal.
func TestASIGHUPThatIsIgnoredFromTheBeginningStaysSo(t *testing.T) {
	t.Parallel()

	c := start(t, "slow stop", "/bin/sh", "-c", `trap "" HUP; exec "$0"`).until("Serving on")
	c.signal(syscall.SIGHUP).signal(syscall.SIGTERM).until("stopping b").signal(syscall.SIGINT)
	if code, stdout := c.end(); code != 128+int(syscall.SIGINT) {
		t.Errorf("exit code %d, stdout %q; want the end by SIGINT, the second signal", code, stdout)
	}
}

// Contract B15.
func TestASignalDuringStartRollsBack(t *testing.T) {
	t.Parallel()

	c := start(t, "slow start").until("starting b").signal(syscall.SIGTERM)
	code, stdout := c.end()
	if want := "starting a +a starting b stopping_a -a"; code != 0 || stdout != want {
		t.Errorf("exit code %d, stdout %q; want 0 and %q; stderr %s", code, stdout, want, c.stderr.String())
	}
}

// Contract B15: caught before anything is built.
func TestASignalDuringTheBuildReleasesWhatIsHeld(t *testing.T) {
	t.Parallel()

	c := start(t, "slow build").until("building").signal(syscall.SIGTERM)
	if code, stdout := c.end(); code != 0 || stdout != "building -held" {
		t.Errorf("exit code %d, stdout %q; want 0 and the release alone; stderr %s", code, stdout, c.stderr.String())
	}
}

// Contract B36.
func TestASecondSignalEndsTheProcessAndTellsWhatHeldIt(t *testing.T) {
	t.Parallel()

	for _, second := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(second.String(), func(t *testing.T) {
			t.Parallel()
			c := start(t, "slow stop").until("Serving on").signal(syscall.SIGTERM).until("stopping b")
			begin := time.Now()
			c.signal(second)
			code, stdout := c.end()
			if code != 128+int(second) || !strings.HasSuffix(stdout, " flushed") {
				t.Errorf("exit code %d, stdout %q; want %d after the log is out", code, stdout, 128+int(second))
			}
			if took := time.Since(begin); took > 5*time.Second { // measured in the soak test; here it is to be not a minute
				t.Errorf("the process ended after %v", took)
			}
			for _, want := range []string{"pending: stop of ", "(resource) for ", "process_test.go:", "exit code"} {
				if !strings.Contains(c.stderr.String(), want) {
					t.Errorf("stderr is %q; want it to say %q", c.stderr.String(), want)
				}
			}
		})
	}
}

// Contract B37.
func TestASignalAfterRunKillsTheProcess(t *testing.T) {
	t.Parallel()

	c := start(t, "after run").until("Serving on").signal(syscall.SIGTERM).until("run is over").signal(syscall.SIGTERM)
	if code, _ := c.end(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d; want the process killed by the signal", code)
	}
}

// Contract B38.
func TestOnlyRunCatchesSignals(t *testing.T) {
	t.Parallel()

	c := start(t, "no run").until("Serving on").signal(syscall.SIGTERM)
	if code, _ := c.end(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d; want the process killed by the signal", code)
	}
}

func TestSIGQUITKeepsGosDump(t *testing.T) {
	t.Parallel()

	c := start(t, "plain").until("Serving on").signal(syscall.SIGQUIT)
	if code, _ := c.end(); code != 2 || !strings.Contains(c.stderr.String(), "goroutine ") {
		t.Errorf("exit code %d, stderr %.200q; want 2 and the stacks", code, c.stderr.String())
	}
}

func TestAClosedStdoutDoesNotKillTheProcess(t *testing.T) {
	t.Parallel()

	c := newChild(t, "plain")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdout = w
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	c.stdout = bufio.NewReader(r)
	c.until("Serving on")
	r.Close()
	c.signal(syscall.SIGTERM)
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v; want exit code 0; stderr %s", err, c.stderr.String())
	}
}

func TestAnInheritedListenerThatNobodyAsksForIsClosed(t *testing.T) {
	t.Parallel()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	c := newChild(t, "inherited")
	c.cmd.ExtraFiles = []*os.File{f}
	c.start()
	f.Close()
	l.Close()
	c.until("Serving on")
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String()); err == nil {
		conn.Close()
		t.Error("a client is let in, and would wait in vain")
	}
	c.signal(syscall.SIGTERM)
	if code, _ := c.end(); code != 0 || !strings.Contains(c.stderr.String(), "inherited listeners that no address asks for are closed") {
		t.Errorf("exit code %d, stderr %s; want 0 and a warning", code, c.stderr.String())
	}
}
