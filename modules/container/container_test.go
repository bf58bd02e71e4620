package container_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/config"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
)

var errBoom = errors.New("boom")

// diary writes down what hooks do.
type diary struct {
	mu  sync.Mutex
	did []string
}

func (d *diary) do(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.did = append(d.did, what)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.did, " ")
}

func (d *diary) hook(name string) fx.Hook {
	return fx.Hook{
		OnStart: func(context.Context) error { d.do("+" + name); return nil },
		OnStop:  func(context.Context) error { d.do("-" + name); return nil },
	}
}

func (d *diary) setup(name string) lifecycle.Setup {
	return func(context.Context) (lifecycle.Cleanup, error) {
		d.do("+" + name)
		return func(context.Context) error { d.do("-" + name); return nil }, nil
	}
}

// quiet is a process without environment and files that writes to buffers.
func quiet() (p container.Process, stdout, stderr *testkit.Buffer) {
	stdout, stderr = new(testkit.Buffer), new(testkit.Buffer)
	return container.Process{Stdout: stdout, Stderr: stderr, Sources: config.Sources{Environ: []string{}}}, stdout, stderr
}

// newApp describes an application of the options in a quiet process.
func newApp(options ...fx.Option) *container.Container {
	p, _, _ := quiet()
	return container.New(p, append([]fx.Option{container.Module}, options...)...)
}

// cycle starts and stops an application of the options.
func cycle(t *testing.T, options ...fx.Option) *container.Container {
	t.Helper()
	c := newApp(options...)
	if err := errors.Join(c.Start(t.Context()), c.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	return c
}

func (d *diary) open() error  { d.do("+named"); return nil }
func (d *diary) close() error { d.do("-named"); return nil }

type service struct{}

// Contract B2, B20, B32: every way to add a hook ends in one list.
func TestEveryKindOfHookReachesTheEngine(t *testing.T) {
	t.Parallel()

	d := new(diary)
	c := cycle(t,
		fx.Supply(d),
		fx.Module("a",
			fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("plain")) }),
			container.CleanupCtx(func(d *diary) (lifecycle.Setup, error) { return d.setup("ctx"), nil }),
			fx.Module("nested", fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("nested")) })),
		),
		fx.Module("b",
			container.CleanupCtx(func() lifecycle.Setup { return d.setup("serve") }, lifecycle.Serve),
			container.CleanupCtx(func() lifecycle.Hook {
				return lifecycle.Hook{Setup: d.setup("observe"), Phase: lifecycle.Observe}
			}),
			fx.Provide(fx.Annotate(func() *service { return &service{} },
				fx.OnStart(func(*service) { d.do("+annotated") }),
				fx.OnStop(func(*service) { d.do("-annotated") }))),
			fx.Invoke(func(*service) {}),
		),
		fx.Invoke(func(lc fx.Lifecycle) { lc.Append(fx.StartStopHook(d.open, d.close)) }),
	)
	want := "+observe +nested +plain +ctx +annotated +named +serve -serve -named -annotated -ctx -plain -nested -observe"
	if got := d.String(); got != want {
		t.Errorf("did  %s\nwant %s", got, want)
	}
	var names []string
	for _, h := range c.Report().Hooks {
		names = append(names, h.Name)
	}
	got := strings.Join(names, " ")
	for _, want := range []string{"(*diary).hook", "container_test.TestEveryKindOfHookReachesTheEngine.func", "container_test.(*diary).open "} {
		if !strings.Contains(got, want) {
			t.Errorf("the hooks are named %s; want the names of their functions, such as %s", got, want)
		}
	}
}

// Contract B19.
func TestFailedBuildReleasesWhatConstructorsHold(t *testing.T) {
	t.Parallel()

	options := func(d *diary) fx.Option {
		return fx.Options(
			fx.Invoke(func(lc fx.Lifecycle) {
				lc.Append(fx.Hook{OnStop: func(context.Context) error { d.do("-pool"); return nil }})
			}),
			fx.Invoke(func() error { return errBoom }))
	}
	t.Run("container", func(t *testing.T) {
		t.Parallel()
		d := new(diary)
		if err := newApp(options(d)).Build(); !errors.Is(err, errBoom) {
			t.Errorf("Build = %v; want the constructor's error", err)
		}
		if d.String() != "-pool" {
			t.Errorf("did %q; want -pool", d)
		}
	})
	t.Run("plain Fx", func(t *testing.T) {
		t.Parallel()
		d := new(diary)
		if err := fx.New(container.Module, options(d)).Err(); !errors.Is(err, errBoom) {
			t.Errorf("fx.New fails with %v; want the constructor's error", err)
		}
		if d.String() != "-pool" {
			t.Errorf("did %q; want -pool", d)
		}
	})
}

// spy keeps Fx's events.
type spy struct {
	mu     sync.Mutex
	events []fxevent.Event
}

func (s *spy) LogEvent(e fxevent.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func TestFxsEventsAreEmittedForEachHook(t *testing.T) {
	t.Parallel()

	s, d := new(spy), new(diary)
	cycle(t, fx.Decorate(func(fxevent.Logger) fxevent.Logger { return s }),
		fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("a")) }))
	var started, stopped bool
	for _, e := range s.events {
		switch e := e.(type) {
		case *fxevent.OnStartExecuted:
			started = started || strings.Contains(e.FunctionName, "diary).hook") && strings.Contains(e.CallerName, "TestFxsEventsAreEmittedForEachHook") && e.Runtime > 0
		case *fxevent.OnStopExecuted:
			stopped = stopped || strings.Contains(e.FunctionName, "diary).hook") && strings.Contains(e.CallerName, "TestFxsEventsAreEmittedForEachHook") && e.Runtime > 0
		}
	}
	if !started || !stopped {
		t.Errorf("started %t, stopped %t; want an event with name, caller and runtime for each", started, stopped)
	}
}

// Those that come before the log is built wait for it.
func TestFxsEventsOfTheBuildAreDebugRecords(t *testing.T) {
	t.Parallel()

	core, logs := observer.New(zap.DebugLevel)
	c := newApp(fx.Supply(zap.New(core)))
	if err := errors.Join(c.Build(), c.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	if provided := logs.FilterMessage("provided").FilterLevelExact(zap.DebugLevel).FilterLoggerName("fx"); provided.Len() == 0 {
		t.Errorf("the log has %v; want what was provided", logs.All())
	}
}

// Whoever calls Start of a Container gets the error; fx.App.Run tells it by its events alone.
func TestPlainFxLogsAFailedHookAsAnError(t *testing.T) {
	t.Parallel()

	core, logs := observer.New(zap.ErrorLevel)
	p, _, _ := quiet()
	app := fx.New(fx.Supply(p, zap.New(core)), container.Module, fx.Invoke(func(lc fx.Lifecycle) {
		lc.Append(fx.Hook{OnStart: func(context.Context) error { return errBoom }})
	}))
	if err := app.Start(t.Context()); !errors.Is(err, errBoom) || logs.FilterLoggerName("fx").Len() == 0 {
		t.Errorf("Start = %v, the log has %v; want the error in both", err, logs.All())
	}
}

func TestAGoroutineThatIsLeftMakesTheRecordOfTheStopAWarning(t *testing.T) {
	t.Parallel()

	core, logs := observer.New(zap.InfoLevel)
	leak := make(chan struct{})
	defer close(leak)
	cycle(t, fx.Supply(zap.New(core)), container.CleanupCtx(func() lifecycle.Setup {
		return lifecycle.StartStop(func(context.Context) error { go func() { <-leak }(); return nil }, nil)
	}))
	if stopped := logs.FilterMessage("application stopped").All(); len(stopped) != 1 || stopped[0].Level != zap.WarnLevel || stopped[0].ContextMap()["goroutines_left"] == nil {
		t.Errorf("the log has %v; want a warning that names the goroutine", stopped)
	}
}

// Contract B18, B26, B42, B43, B44.
func TestRunEndsWithTheCodeThatWasAskedFor(t *testing.T) {
	t.Parallel()

	start := func(f func(fx.Shutdowner, container.Shutdowner)) fx.Option {
		return fx.Invoke(func(lc fx.Lifecycle, a fx.Shutdowner, b container.Shutdowner) {
			lc.Append(fx.Hook{OnStart: func(context.Context) error { f(a, b); return nil }})
		})
	}
	failingStop := fx.Invoke(func(lc fx.Lifecycle) {
		lc.Append(fx.Hook{OnStart: func(context.Context) error { return nil }, OnStop: func(context.Context) error { return errBoom }})
	})
	tests := []struct {
		name   string
		option fx.Option
		code   int
		stderr string
	}{
		{"a wish", start(func(_ fx.Shutdowner, b container.Shutdowner) { b.Shutdown(nil) }), 0, ""},
		{"a cause", start(func(_ fx.Shutdowner, b container.Shutdowner) { b.Shutdown(errBoom) }), 1, "boom\n"},
		{"Fx's wish", start(func(a fx.Shutdowner, _ container.Shutdowner) { _ = a.Shutdown() }), 0, ""},
		{"Fx's exit code", start(func(a fx.Shutdowner, _ container.Shutdowner) { _ = a.Shutdown(fx.ExitCode(7)) }), 7, ""},
		{"twice, the first wins", start(func(a fx.Shutdowner, _ container.Shutdowner) {
			if err := errors.Join(a.Shutdown(fx.ExitCode(7)), a.Shutdown(fx.ExitCode(8))); err != nil {
				t.Errorf("Shutdown twice = %v", err)
			}
		}), 7, ""},
		{"Fx's exit code before a failing stop", fx.Options(failingStop, start(func(a fx.Shutdowner, _ container.Shutdowner) { _ = a.Shutdown(fx.ExitCode(7)) })), 7, "boom\n"},
		{"a failing stop", fx.Options(failingStop, start(func(_ fx.Shutdowner, b container.Shutdowner) { b.Shutdown(nil) })), 1, "boom\n"},
		{"a failing start", fx.Invoke(func(lc fx.Lifecycle) {
			lc.Append(fx.Hook{OnStart: func(context.Context) error { return errBoom }})
		}), 1, "boom\n"},
		{"a failing start before a failing rollback", fx.Invoke(func(lc fx.Lifecycle) {
			lc.Append(fx.Hook{OnStop: func(context.Context) error { return errors.New("stuck") }})
			lc.Append(fx.Hook{OnStart: func(context.Context) error { return errBoom }})
		}), 1, ": boom\n"}, // again, in the last line
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, stderr := quiet()
			if code := container.Run(t.Context(), p, container.Module, tt.option); code != tt.code {
				t.Errorf("exit code %d; want %d; stderr: %s", code, tt.code, stderr)
			}
			if got := stderr.String(); !strings.HasSuffix(got, tt.stderr) || (tt.stderr == "") != (got == "") {
				t.Errorf("stderr is %q; want it to end in %q", got, tt.stderr)
			}
		})
	}
}

func TestRunEndsWithItsContextAndTellsWhyOnce(t *testing.T) {
	t.Parallel()

	for _, during := range []string{"start", "run"} {
		t.Run(during, func(t *testing.T) {
			t.Parallel()

			ctx, cancel := context.WithCancelCause(t.Context())
			end := func(ctx context.Context, e lifecycle.Event) context.Context {
				if e.Op == "start" && e.Begins == (during == "start") && (e.Hook == nil) == (during == "run") {
					cancel(errBoom)
				}
				return ctx
			}
			d := new(diary)
			core, logs := observer.New(zap.InfoLevel)
			p, _, stderr := quiet()
			p.Report = filepath.Join(t.TempDir(), "report.json")
			code := container.Run(ctx, p, container.Module, fx.Supply(zap.New(core)),
				fx.Provide(fx.Annotate(func() lifecycle.Observer { return end }, fx.ResultTags(`group:"container.observers"`))),
				fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("a")) }))
			if code != 0 || d.String() != "+a -a" {
				t.Errorf("exit code %d after %s; want 0 after +a -a; stderr %s", code, d, stderr)
			}
			stopped := logs.FilterMessage("application stopped").All()
			if len(stopped) != 1 || stopped[0].ContextMap()["cause"] != "boom" {
				t.Errorf("the log has %v; want one record of the stop, with its cause", stopped)
			}
			if report, err := os.ReadFile(p.Report); err != nil || !strings.Contains(string(report), `"cause": "boom"`) {
				t.Errorf("the report is %s, %v; want the cause in it", report, err)
			}
		})
	}
}

type parts struct {
	fx.In

	Diary *diary
	Name  string
}

func TestGetBuildsAndStartsNothing(t *testing.T) {
	t.Parallel()

	d := new(diary)
	c := newApp(fx.Supply(d, "name"), fx.Invoke(func(lc fx.Lifecycle) { lc.Append(d.hook("a")) }))
	got, err := container.Get[parts](c)
	if err != nil || got.Diary != d || got.Name != "name" {
		t.Errorf("Get = %+v, %v; want both parts", got, err)
	}
	if _, err := container.Get[*diary](c); err == nil || !strings.Contains(err.Error(), "fx.In") {
		t.Errorf("second Get = %v; want an error that says how to get several things", err)
	}
	if err := c.Stop(t.Context()); err != nil || d.String() != "" {
		t.Errorf("Stop = %v after %q; want nothing started", err, d)
	}
}

// writerFunc is a function as an io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestAStdoutThatNobodyReadsHoldsNothingAndGetsLineAfterLine(t *testing.T) {
	t.Parallel()

	read := make(chan struct{})
	var writing atomic.Int32
	var both sync.WaitGroup
	both.Add(2)
	p, _, _ := quiet()
	p.Stdout = writerFunc(func(line []byte) (int, error) {
		defer both.Done()
		if writing.Add(1) > 1 {
			t.Errorf("%q is written beside the line before it", line)
		}
		<-read
		writing.Add(-1)
		return len(line), nil
	})
	c := container.New(p, container.Module)
	if err := errors.Join(c.Start(t.Context()), c.Stop(t.Context())); err != nil {
		t.Error(err)
	}
	close(read)
	both.Wait()
}

// The start is over, and its line not yet written.
func TestAStopThatOvertakesTheReadyLineLeavesBothLinesOut(t *testing.T) {
	t.Parallel()

	p, stdout, _ := quiet()
	var c *container.Container
	stopping, stopped := make(chan struct{}), make(chan error, 1)
	overtake := func(ctx context.Context, e lifecycle.Event) context.Context {
		switch {
		case e.Hook == nil && e.Op == "start" && !e.Begins:
			go func() { stopped <- c.Stop(context.WithoutCancel(ctx)) }()
			<-stopping
		case e.Hook == nil && e.Op == "stop" && e.Begins:
			close(stopping)
		}
		return ctx
	}
	c = container.New(p, container.Module,
		fx.Provide(fx.Annotate(func() lifecycle.Observer { return overtake }, fx.ResultTags(`group:"container.observers"`))))
	if err := errors.Join(c.Start(t.Context()), <-stopped); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); got != "" {
		t.Errorf("printed %q; want nothing: it never served", got)
	}
}

func TestTheDrainDelayIsFiveSecondsUnderKubernetes(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name    string
		environ []string
		set     []string
		want    time.Duration
	}{
		{"a plain machine", []string{}, nil, 0},
		{"Kubernetes", []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, nil, 5 * time.Second},
		{"Kubernetes, set otherwise", []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, []string{"app.drain_delay=1s"}, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, _ := quiet()
			p.Sources.Environ, p.Sources.Set = tt.environ, tt.set
			c, err := container.Get[container.Config](container.New(p, container.Module))
			if err != nil || c.DrainDelay != tt.want {
				t.Errorf("drain_delay is %v, %v; want %v", c.DrainDelay, err, tt.want)
			}
		})
	}
}
