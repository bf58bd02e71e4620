package dispatcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/lifecycle"
)

// ErrStopping reports that the dispatcher stops or has stopped: a one-shot is not
// taken, or not begun. It is the cause (context.Cause) with which contexts end.
var ErrStopping = errors.New("dispatcher is stopping")

// Work is a [Service] or a [Schedule].
type Work interface {
	// adopt makes t the task that does the work, and returns what is wrong.
	adopt(t *task) faults
}

// Dispatcher starts, supervises and stops work. It starts once and stops once.
// Its methods may be called from any goroutine.
type Dispatcher struct {
	p       Params
	wall    func(now time.Time) time.Time // what the clock on the wall shows, which may be set
	tasks   []*task                       // by name
	holding int                           // tasks that hold the start
	pool    *pool
	instruments
	watched atomic.Pointer[chan struct{}] // closes with the next change; nil: nobody asked

	mu        sync.Mutex
	up        bool            // it was started
	root      context.Context // of all work; labelled by the start
	readiness chan error      // each task that holds the start: ready, or why not
	lives     lives           // of the tasks
	told      chan struct{}   // closes when tasks are told to end, or are not to begin
	stopped   chan struct{}   // closes when the stop is over
	result    error           // of the stop
}

// New builds a dispatcher and starts nothing; what Go and Wait take before the
// start is queued. It names all that is wrong with settings and tasks at once.
func New(p Params) (*Dispatcher, error) {
	p.Log = cmp.Or(p.Log, zap.NewNop())
	d := &Dispatcher{
		p:         p,
		wall:      func(now time.Time) time.Time { return now.Round(0) },
		root:      context.Background(), //nolint:forbidigo // values of the start, such as its trace, are not for good
		readiness: make(chan error, len(p.Tasks)),
		lives:     lives{ended: make(chan struct{})},
		told:      make(chan struct{}),
		stopped:   make(chan struct{}),
	}
	var f faults
	err := p.Config.Validate()
	f.add(err != nil, "%w", err)
	f.add(p.Shutdown == nil, "no Shutdown; want one that hears of a task that gave up")
	for _, w := range p.Tasks {
		t := &task{d: d, state: TaskState{State: Waiting}, nudge: make(chan struct{}, 1)}
		for _, fault := range w.adopt(t) {
			f = append(f, t.fault(fault))
		}
		d.tasks = append(d.tasks, t)
		if t.holds {
			d.holding++
		}
	}
	slices.SortFunc(d.tasks, func(a, b *task) int { return cmp.Compare(a.state.Name, b.state.Name) })
	for i, t := range d.tasks {
		if i > 0 && t.state.Name == d.tasks[i-1].state.Name {
			f = append(f, t.fault(errors.New("another task has this name")))
		}
	}
	if f != nil {
		return nil, fmt.Errorf("dispatcher: %w", errors.Join(f...))
	}
	d.pool = newPool(d)
	if err := d.instrument(); err != nil {
		return nil, fmt.Errorf("dispatcher: %w", err)
	}
	return d, nil
}

// Start launches all tasks and returns when those with RunReady are ready. Where
// one of them ends before, or ctx does, all is stopped again and the error names
// it. A second start is an error, a start after a stop ErrStopping: nothing runs.
func (d *Dispatcher) Start(ctx context.Context) error {
	err := d.launch(ctx)
	if err != nil {
		return fmt.Errorf("start the dispatcher: %w", err)
	}
	for range d.holding {
		select {
		case err = <-d.readiness:
		case <-d.told:
			err = ErrStopping
		case <-ctx.Done():
			err = errors.Join(context.Cause(ctx), d.those(func(s TaskState) bool { return s.State == Starting }))
		}
		if err != nil {
			return fmt.Errorf("start the dispatcher: %w", errors.Join(err, d.Stop(context.WithoutCancel(ctx))))
		}
	}
	return nil
}

func (d *Dispatcher) launch(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case lifecycle.Stopping(d.told).Begun():
		return ErrStopping
	case d.up:
		return errors.New("already started; a dispatcher starts once")
	}
	d.up = true
	d.p.Log.Info("starting up", zap.Int("tasks", len(d.tasks)), zap.Int("workers", d.p.Config.Workers))
	var labels []string // by which the engine knows its own
	pprof.ForLabels(ctx, func(key, value string) bool {
		labels = append(labels, key, value)
		return true
	})
	d.root = pprof.WithLabels(d.root, pprof.Labels(labels...))
	begin(&d.lives, d.tasks)
	d.pool.start()
	return nil
}

// Run starts the dispatcher, waits until all tasks have ended or ctx does, and
// stops it: for programs without the engine, instead of Start and Stop.
func (d *Dispatcher) Run(ctx context.Context) error {
	if err := d.Start(ctx); err != nil {
		return err
	}
	select {
	case <-d.lives.ended:
	case <-d.told:
	case <-ctx.Done():
	}
	return d.Stop(context.WithoutCancel(ctx))
}

// Snapshot returns the state of each task, by name, and then of the one-shots
// that run, and the first 500 or more of those that wait for a worker.
func (d *Dispatcher) Snapshot() []TaskState {
	var states []TaskState
	for _, t := range d.tasks {
		states = append(states, t.snapshot())
	}
	oneShots, _ := d.pool.snapshot()
	return append(states, oneShots...)
}

// Changed returns a channel that closes when a task enters another state, or a
// one-shot begins or ends: for who waits for a state, with a look at [Dispatcher.Snapshot] in
// between.
func (d *Dispatcher) Changed() <-chan struct{} {
	for {
		if c := d.watched.Load(); c != nil {
			return *c
		}
		d.watched.CompareAndSwap(nil, new(make(chan struct{})))
	}
}

// change tells who has asked for it.
func (d *Dispatcher) change() {
	if d.watched.Load() == nil { // nearly always
		return
	}
	if c := d.watched.Swap(nil); c != nil {
		close(*c)
	}
}

// those returns the tasks that are so, each an error with what it failed of.
func (d *Dispatcher) those(so func(s TaskState) bool) error {
	var errs []error
	for _, t := range d.tasks {
		if s := t.snapshot(); so(s) {
			errs = append(errs, t.fault(errors.New(cmp.Or(s.Error, string(s.State)))))
		}
	}
	return errors.Join(errs...)
}

// faults is what is wrong with a task.
type faults []error

func (f *faults) add(wrong bool, format string, args ...any) {
	if wrong {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}
