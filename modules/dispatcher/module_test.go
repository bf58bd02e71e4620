package dispatcher_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
)

// application builds an application of the dispatcher and a feature.
func application(options ...fx.Option) *container.Container {
	return container.New(container.Process{Stdout: io.Discard, Sources: config.Sources{Environ: []string{}}},
		container.Module,
		dispatcher.Module,
		fx.Supply(zap.NewNop()),
		fx.Options(options...),
	)
}

// Contract B74.
func TestTasksStartAndStopWithTheApplication(t *testing.T) {
	t.Parallel()

	running, over := make(chan struct{}), make(chan struct{})
	app := application(dispatcher.Task(func() dispatcher.Service {
		return dispatcher.Service{Name: "words", RunReady: func(ctx context.Context, ready func()) error {
			close(running)
			defer close(over)
			ready()
			return untilTold(ctx)
		}}
	}))
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	select {
	case <-running:
	default:
		t.Error("the start returned before the task was ready")
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	select {
	case <-over:
	default:
		t.Error("the stop returned before the task had ended")
	}
}

func TestWhatATaskLeavesIsFoundByTheEngine(t *testing.T) {
	t.Parallel()

	leak, leaked := make(chan struct{}), make(chan struct{})
	app := application(dispatcher.Task(func() dispatcher.Service {
		return dispatcher.Service{Name: "words", Run: func(context.Context) error {
			go func() { <-leak }()
			close(leaked)
			return nil
		}}
	}))
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	<-leaked
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if left := app.Report().Left; len(left) != 1 || !strings.Contains(left[0], "TestWhatATaskLeavesIsFoundByTheEngine") {
		t.Errorf("left behind: %q; want the goroutine that the task left", left)
	}
	close(leak)
}

func TestATaskThatIsNotReadyFailsTheStartOfTheApplication(t *testing.T) {
	t.Parallel()

	app := application(dispatcher.Task(func() dispatcher.Service {
		return dispatcher.Service{Name: "words", RunReady: func(context.Context, func()) error { return errBoom }}
	}))
	if err := app.Start(t.Context()); !errors.Is(err, errBoom) || !strings.Contains(err.Error(), `service "words"`) {
		t.Errorf("Start: %v; want the error of the task, with its name", err)
	}
}

func TestConstructorsOfTasksAreInjectedAndMayFail(t *testing.T) {
	t.Parallel()

	ran := make(chan string, 1)
	app := application(
		fx.Supply("a word"),
		dispatcher.Task(func(word string) (dispatcher.Schedule, error) {
			return dispatcher.Schedule{Name: "letters", Every: time.Hour, Run: func(context.Context) error {
				ran <- word
				return nil
			}}, nil
		}),
	)
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	if word := <-ran; word != "a word" {
		t.Errorf("the task ran with %q; want what was injected", word)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}

	app = application(dispatcher.Task(func() (dispatcher.Service, error) { return dispatcher.Service{}, errBoom }))
	if err := app.Build(); !errors.Is(err, errBoom) {
		t.Errorf("Build: %v; want the constructor's error", err)
	}
}

func TestAConstructorThatReturnsNoWorkIsRefused(t *testing.T) {
	t.Parallel()

	err := fx.New(fx.NopLogger, dispatcher.Task(func() dispatcher.Work { return nil })).Err()
	if err == nil || !strings.Contains(err.Error(), "dispatcher.Task(") ||
		!strings.Contains(err.Error(), "want a function that returns a dispatcher.Service or a dispatcher.Schedule") {
		t.Errorf("Task: %v; want it to name the constructor and to say what is right", err)
	}
}

func TestABadTaskFailsTheBuildByName(t *testing.T) {
	t.Parallel()

	app := application(dispatcher.Task(func() dispatcher.Service { return dispatcher.Service{Name: "words"} }))
	if err := app.Build(); err == nil || !strings.Contains(err.Error(), `service "words"`) {
		t.Errorf("Build: %v; want it to name the task", err)
	}
}

func TestSettingsComeFromTheConfiguration(t *testing.T) {
	t.Parallel()

	app := container.New(container.Process{Sources: config.Sources{Environ: []string{}, Set: []string{"dispatcher.workers=0"}}},
		container.Module, dispatcher.Module, fx.Supply(zap.NewNop()))
	if err := app.Build(); err == nil || !strings.Contains(err.Error(), "--set dispatcher.workers: dispatcher.workers: found 0; want 1 to 10000") {
		t.Errorf("Build: %v; want it to name the setting and its source", err)
	}
}

// Contract B72, reliability 38.
func TestADegradedTaskIsSeenByTheHealthCheck(t *testing.T) {
	t.Parallel()

	failed := make(chan struct{})
	app := application(dispatcher.Task(func() dispatcher.Service {
		return dispatcher.Service{Name: "words", Restart: dispatcher.Never, GiveUp: dispatcher.Degrade, Run: func(context.Context) error {
			return errBoom
		}}
	}), fx.Decorate(func(*zap.Logger) *zap.Logger {
		core, _ := observer.New(zapcore.ErrorLevel)
		return zap.New(core, zap.Hooks(func(zapcore.Entry) error {
			close(failed)
			return nil
		}))
	}))
	registry, err := container.Get[*health.Registry](app)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	<-failed
	if err := registry.Err(t.Context(), health.KindReady); err == nil || !strings.Contains(err.Error(), `service "words": boom`) {
		t.Errorf("readiness: %v; want it to name the task and its error", err)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}
