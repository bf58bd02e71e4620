package dispatcher_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // zones on machines that have none

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/dispatcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBoom = errors.New("boom")

// shutdowner keeps the causes with which the application was to stop.
type shutdowner struct {
	mu     sync.Mutex
	causes []error
}

func (s *shutdowner) Shutdown(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.causes = append(s.causes, cause)
}

func (s *shutdowner) asked() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.causes
}

// bench is a dispatcher and what it is connected to.
type bench struct {
	*dispatcher.Dispatcher
	shutdown *shutdowner
	logs     *observer.ObservedLogs
	metrics  *prometheus.Registry
	stopping chan struct{}
}

// params returns what a dispatcher with these tasks needs.
func params(tasks ...dispatcher.Work) dispatcher.Params {
	return dispatcher.Params{Config: dispatcher.DefaultConfig(), Shutdown: new(shutdowner), Tasks: tasks}
}

// newBench builds a dispatcher; change may change what it is built from.
func newBench(t *testing.T, change func(*dispatcher.Params), tasks ...dispatcher.Work) *bench {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	b := &bench{shutdown: new(shutdowner), logs: logs, metrics: prometheus.NewRegistry(), stopping: make(chan struct{})}
	p := params(tasks...)
	p.Shutdown, p.Log, p.Metrics, p.Stopping = b.shutdown, zap.New(core), b.metrics, b.stopping
	if change != nil {
		change(&p)
	}
	d, err := dispatcher.New(p)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	b.Dispatcher = d
	return b
}

// started is newBench, and Start.
func started(t *testing.T, change func(*dispatcher.Params), tasks ...dispatcher.Work) *bench {
	t.Helper()
	b := newBench(t, change, tasks...)
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return b
}

// stop stops b and expects no error.
func (b *bench) stop(t *testing.T) {
	t.Helper()
	if err := b.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v; want no error", err)
	}
}

// hand hands a one-shot over.
func (b *bench) hand(t *testing.T, name string, f func(context.Context) error) {
	t.Helper()
	if err := b.Go(t.Context(), name, f); err != nil {
		t.Fatal(err)
	}
}

// state returns the state of the task of that name.
func (b *bench) state(t *testing.T, name string) dispatcher.TaskState {
	t.Helper()
	for _, s := range b.Snapshot() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("Snapshot has no %q: %+v", name, b.Snapshot())
	return dispatcher.TaskState{}
}

// logged returns how often a message was logged.
func (b *bench) logged(message string) int { return b.logs.FilterMessage(message).Len() }

// runs returns how many runs of a task had an outcome.
func (b *bench) runs(t *testing.T, task, outcome string) float64 {
	t.Helper()
	return testkit.Series(t, b.metrics)["dispatcher_task_duration_seconds "+outcome+" "+task]
}

// untilTold is a task that does nothing and ends when told.
func untilTold(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// clock keeps when runs began, from its first reading on.
type clock struct {
	mu     sync.Mutex
	zero   time.Time
	begins []time.Duration
}

func newClock() *clock { return &clock{zero: time.Now()} }

func (c *clock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begins = append(c.begins, time.Since(c.zero))
}

func (c *clock) ticks() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.begins...)
}
