package lifecycle_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Contract B74.
func TestATaskHoldsTheStartUntilItIsReady(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		setup := lifecycle.Task(func(ctx context.Context, ready func()) error {
			<-time.After(time.Second)
			ready()
			ready() // harmless
			<-ctx.Done()
			return ctx.Err()
		}, func(err error) { t.Errorf("ended by itself: %v", err) })
		begin := time.Now()
		cleanup, err := setup(t.Context())
		if took := time.Since(begin); err != nil || took != time.Second {
			t.Fatalf("Setup = %v after %v; want nil once it is ready", err, took)
		}
		if err := cleanup(t.Context()); err != nil {
			t.Errorf("Cleanup = %v; want nil: cancellation is a normal end", err)
		}
	})
}

func TestATaskThatEndsBeforeItIsReadyFailsTheStart(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		run  func(ctx context.Context, ready func()) error
		want string
	}{
		{"error", func(context.Context, func()) error { return errBoom }, "boom"},
		{"nil", func(context.Context, func()) error { return nil }, "returned nil"},
		{"panic", func(context.Context, func()) error { panic("stuck") }, "panic: stuck"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := lifecycle.Task(tt.run, func(err error) { t.Errorf("ended hears %v; want the start to", err) })(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Setup = %v; want %q", err, tt.want)
			}
		})
	}
}

// Contract B72, B73.
func TestATaskThatEndsByItselfTellsHow(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]string{"error": "boom", "panic": "panic: boom"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			end := make(chan struct{})
			cleanup, err := lifecycle.Task(func(_ context.Context, ready func()) error {
				ready()
				<-end
				if name == "panic" {
					panic(errBoom)
				}
				return errBoom
			}, func(err error) { ended <- err })(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			close(end)
			if err := <-ended; !errors.Is(err, errBoom) || err.Error() != want {
				t.Errorf("ended hears %v; want %s", err, want)
			}
			if err := cleanup(t.Context()); err != nil {
				t.Errorf("Cleanup = %v; want nil: ended has heard it", err)
			}
		})
	}
}

// Contract B71.
func TestATaskThatIgnoresItsEndDoesNotHoldTheStop(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		cleanup, err := lifecycle.Task(func(_ context.Context, ready func()) error {
			ready()
			<-end
			return nil
		}, func(error) {})(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := cleanup(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Cleanup = %v; want the deadline", err)
		}
		close(end)
	})
}

func TestAStartThatIsInterruptedEndsTheTask(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := lifecycle.Task(func(ctx context.Context, _ func()) error {
			<-ctx.Done()
			return ctx.Err()
		}, func(error) {})(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Setup = %v; want the deadline", err)
		}
	})
}

func TestCloseReleasesACloser(t *testing.T) {
	t.Parallel()

	r, w := io.Pipe()
	if err := lifecycle.Close(w)(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(nil); !errors.Is(err, io.EOF) {
		t.Errorf("Read = %v; want the end", err)
	}
}

func ExampleTask() {
	engine := lifecycle.NewEngine(nil)
	listen := func(ctx context.Context, ready func()) error {
		ready() // the connection is up
		<-ctx.Done()
		return ctx.Err()
	}
	err := engine.Append(lifecycle.Hook{Name: "listener", Setup: lifecycle.Task(listen, engine.Shutdown)})
	if err == nil {
		err = engine.Start(context.Background())
	}
	if err == nil {
		err = engine.Stop(context.Background())
	}
	if err != nil {
		panic(err)
	}
	// Output:
}
