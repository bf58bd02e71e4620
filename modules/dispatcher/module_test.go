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

	"example.com/ostov/config"
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
