package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.com/ostov/lifecycle"
)

// ErrQueueFull reports that the queue has no room: the one-shot was not taken.
var ErrQueueFull = errors.New("queue is full")

// Go hands f over to run once, soon, on one of Config.Workers workers, and
// returns at once. Nil means that f was taken: it will run, or, where the time
// of a stop does not suffice, be reported by name; a crash loses it. Otherwise f
// will not run: [ErrQueueFull], or [ErrStopping] as soon as the application
// stops. What is taken before the start waits for it.
//
// f's context has the values of ctx, its trace among them, but not its end: it
// ends when most of the time of a stop is spent. What f fails with is logged,
// with the name, which need not be unique, but says what f is and not for whom:
// metrics have the first 100 names.
func (d *Dispatcher) Go(ctx context.Context, name string, f func(ctx context.Context) error) error {
	return d.pool.take(ctx, oneOff{name: name, f: f})
}

// Wait hands f over as [Dispatcher.Go] does and returns what f returned, a
// *lifecycle.PanicError where it panicked. Where f was not taken or will not
// run, it returns the error of Go; where ctx ends first, the cause of that, while
// f goes on and what it writes may not be read. A one-shot that waits for another
// holds its worker: where all are held so, none is left to run the others.
func (d *Dispatcher) Wait(ctx context.Context, name string, f func(ctx context.Context) error) error {
	result := make(chan error, 1)
	if err := d.pool.take(ctx, oneOff{name: name, f: f, result: result}); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("wait for %q: %w", name, context.Cause(ctx))
	}
}

// oneOff is a one-shot on its way to a worker.
type oneOff struct {
	values context.Context // nil: none
	name   string
	f      func(ctx context.Context) error
	result chan<- error // nil: nobody waits; else it has room
}

// pool runs one-shots. A hand-over is too short for more than one lock.
type pool struct {
	d       *Dispatcher
	workers []*worker
	epoch   time.Time       // the start
	ctx     context.Context // ends when one-shots are told to end; set by the start
	tell    context.CancelCauseFunc
	lives   lives // of the workers

	mu      sync.Mutex // guards the rest, and the workers
	wake    sync.Cond  // the queue has something, or never will
	in, out []oneOff   // the queue: filled at the end of in, used up from out[taken]
	taken   int
	closed  bool
	idle    int           // workers that wait
	begun   uint          // one-shots
	clock   time.Duration // since the epoch, when it was read last
}

// worker runs one one-shot at a time.
type worker struct {
	p     *pool
	label string
	name  string        // of the one-shot that runs; empty: none
	since time.Duration // when it began, since the epoch
}

func newPool(d *Dispatcher) *pool {
	p := &pool{d: d, lives: lives{ended: make(chan struct{})}}
	p.wake.L = &p.mu
	for i := range d.p.Config.Workers {
		p.workers = append(p.workers, &worker{p: p, label: strconv.Itoa(i)})
	}
	return p
}

func (p *pool) start() {
	p.ctx, p.tell = context.WithCancelCause(p.d.root)
	p.epoch = time.Now()
	begin(&p.lives, p.workers)
}

func (p *pool) take(ctx context.Context, o oneOff) error {
	if ctx == nil || o.name == "" || o.f == nil {
		return fmt.Errorf("go %q: want a context, a name and a function", o.name)
	}
	if ctx != context.Background() && ctx != context.TODO() { //nolint:forbidigo // they have no values to keep
		o.values = ctx
	}
	err := p.put(&o)
	if err != nil {
		p.d.countRefused(err)
		err = fmt.Errorf("go %q: %w", o.name, err)
	}
	return err
}

func (p *pool) put(o *oneOff) error {
	if p.d.p.Stopping.Begun() {
		return ErrStopping
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrStopping
	case p.length() == p.d.p.Config.Queue:
		return ErrQueueFull
	}
	p.in = append(p.in, *o)
	if p.idle > 0 {
		p.wake.Signal()
	}
	return nil
}

func (p *pool) length() int { return len(p.in) + len(p.out) - p.taken }

// close ends the taking, and the workers when the queue is empty.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.wake.Broadcast()
}

// giveBack empties the queue, reports what was in it and names it in the error.
func (p *pool) giveBack() error {
	p.mu.Lock()
	left := slices.Concat(p.out[p.taken:], p.in)
	p.in, p.out, p.taken = nil, nil, 0
	p.mu.Unlock()
	var names []string
	for _, o := range left {
		names = append(names, o.name)
		ctx := p.d.root
		if o.values != nil {
			ctx = o.values
		}
		p.d.record(ctx, newEvent(&TaskState{Name: o.name, Kind: oneShot, State: Abandoned, Since: time.Now()}, ErrStopping))
		if o.result != nil {
			o.result <- fmt.Errorf("go %q: %w", o.name, ErrStopping)
		}
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%d one-shots not begun before the stop: %q", len(left), slices.Compact(names))
}

// next waits for a one-shot; false: none will come. To read the clock costs as much
// as all the rest: where nobody measures and the queue is never empty, it is read
// for one in 16, and an age may count in what those before it took.
func (w *worker) next(o *oneOff) bool {
	p := w.p
	p.mu.Lock()
	defer p.mu.Unlock()
	w.name = ""
	p.d.change()
	look := p.d.measures() || p.begun%16 == 0
	for p.length() == 0 {
		if p.closed {
			return false
		}
		*o = oneOff{} // what was done may be collected
		p.idle++
		p.wake.Wait()
		p.idle--
		look = true
	}
	if p.taken == len(p.out) {
		p.in, p.out, p.taken = p.out[:0], p.in, 0
	}
	*o, p.out[p.taken] = p.out[p.taken], oneOff{}
	p.taken++
	p.begun++
	if look {
		p.clock = time.Since(p.epoch)
	}
	w.name, w.since = o.name, p.clock
	p.d.change()
	return true
}

func (w *worker) live() {
	ctx := labelled(w.p.ctx, workerLabel, w.label)
	var o oneOff
	for w.next(&o) {
		w.once(ctx, &o)
	}
}

func (w *worker) once(ctx context.Context, o *oneOff) {
	if o.values != nil {
		ctx = &valuesContext{Context: ctx, values: o.values}
	}
	ctx = w.p.d.span(ctx, o.name)
	var err error
	returned := false
	defer func() { w.end(ctx, o, lifecycle.Outcome(recover(), returned, err)) }()
	err = o.f(ctx)
	returned = true
}

func (w *worker) end(ctx context.Context, o *oneOff, err error) {
	d, state := w.p.d, Ended
	if err != nil && !(w.p.ctx.Err() != nil && isStop(err)) {
		state = Failed
	}
	if d.measures() {
		d.measure(ctx, d.nameOf(o.name), time.Since(w.p.epoch)-w.since, state, err)
	}
	if o.result != nil {
		o.result <- err
	}
	if err == nil {
		return
	}
	e := newEvent(w.state(), err)
	if e.close(state); o.result == nil || e.stack != "" { // who waits has the error, but not the stack
		d.record(ctx, e)
	}
}

// state tells about the one-shot that runs.
func (w *worker) state() *TaskState {
	begun := w.p.epoch.Add(w.since)
	return &TaskState{Name: w.name, Kind: oneShot, State: Running, Since: begun, Begun: begun, Starts: 1}
}

// listed is how many of each half of the queue a snapshot has.
const listed = 500

// snapshot returns the one-shots: those that run, with labels, then the queue.
func (p *pool) snapshot() (states []TaskState, labels []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.workers {
		if w.name != "" {
			states, labels = append(states, *w.state()), append(labels, w.label)
		}
	}
	for _, queue := range [][]oneOff{p.out[p.taken:], p.in} {
		for _, o := range queue[:min(len(queue), listed)] {
			states = append(states, TaskState{Name: o.name, Kind: oneShot, State: Waiting})
		}
	}
	return states, labels
}

// count returns how many one-shots run, and how many wait for a worker.
func (p *pool) count() (running, waiting int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.workers {
		if w.name != "" {
			running++
		}
	}
	return running, p.length()
}

// valuesContext is a context with the values of another.
type valuesContext struct {
	context.Context
	values context.Context
}

// Value asks its own context first: package context looks there for what it needs.
func (c *valuesContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}
