package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// ErrQueueFull reports that the queue has no room: the one-shot was not taken.
var ErrQueueFull = errors.New("queue is full")

// Go hands f over to run once, soon, on one of Config.Workers workers, and
// returns at once. Nil means that f was taken: it will run, or, where the time
// of a stop does not suffice, be reported by name. A crash loses it. Otherwise
// f will not run: [ErrQueueFull], or [ErrStopping] from the moment on that the
// application stops. What is taken before the start waits for it.
//
// f's context has the values of ctx, its trace among them, but not its end: it
// ends when most of the time of a stop is spent. An error of f is logged; so is
// a panic or runtime.Goexit. The name stands in logs and errors and need not be
// unique.
func (d *Dispatcher) Go(ctx context.Context, name string, f func(ctx context.Context) error) error {
	return d.pool.take(ctx, oneOff{name: name, f: f})
}

// Wait hands f over as [Dispatcher.Go] does and returns what f returned, a
// *lifecycle.PanicError where it panicked. Where f was not taken or will not
// run, it returns the error of Go. Where ctx ends first, it returns the cause of
// that, while f goes on: what f writes may then not be read.
//
// A one-shot that waits for another holds its worker: with all workers so held
// none is left to run the others.
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

// pool runs one-shots. One lock guards queue and workers: a hand-over is too
// short for more than one.
type pool struct {
	d       *Dispatcher
	workers []*worker

	ctx   context.Context // ends when one-shots are told to end; set by the start
	tell  context.CancelCauseFunc
	epoch time.Time     // the start
	ended chan struct{} // closes with the last worker

	mu     sync.Mutex
	wake   sync.Cond // there is something in the queue, or there will never be
	queue  []oneOff  // a ring
	first  int       // of those in the queue
	length int
	idle   int // workers that wait
	alive  int // workers that have not ended
	closed bool
	begun  uint          // one-shots
	clock  time.Duration // since epoch, as read last
}

// worker runs one one-shot at a time.
type worker struct {
	p     *pool
	label string
	name  string        // of the one-shot that runs; empty: none
	since time.Duration // when it began, from the epoch
}

func newPool(d *Dispatcher) *pool {
	p := &pool{d: d, queue: make([]oneOff, d.config.Queue), ended: make(chan struct{})}
	p.wake.L = &p.mu
	for i := range d.config.Workers {
		p.workers = append(p.workers, &worker{p: p, label: strconv.Itoa(i)})
	}
	return p
}

// start begins to work off the queue.
func (p *pool) start() {
	p.ctx, p.tell = context.WithCancelCause(p.d.root)
	p.epoch, p.alive = time.Now(), len(p.workers)
	for _, w := range p.workers {
		go w.work()
	}
}

func (p *pool) take(ctx context.Context, o oneOff) error {
	if ctx == nil || o.name == "" || o.f == nil {
		return fmt.Errorf("go %q: want a context, a name and a function", o.name)
	}
	if ctx != context.Background() && ctx != context.TODO() {
		o.values = ctx
	}
	if err := p.put(&o); err != nil {
		p.d.notify(&Event{TaskState: o.state(Failed), Err: err})
		return fmt.Errorf("go %q: %w", o.name, err)
	}
	return nil
}

func (p *pool) put(o *oneOff) error {
	select {
	case <-p.d.stopping:
		return ErrStopping
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrStopping
	case p.length == len(p.queue):
		return ErrQueueFull
	}
	i := p.first + p.length
	if i >= len(p.queue) {
		i -= len(p.queue)
	}
	p.queue[i] = *o
	p.length++
	if p.idle > 0 {
		p.wake.Signal()
	}
	return nil
}

// pop takes the first out of the queue, which is not empty. The caller holds the
// lock.
func (p *pool) pop(o *oneOff) {
	*o, p.queue[p.first] = p.queue[p.first], oneOff{}
	if p.first++; p.first == len(p.queue) {
		p.first = 0
	}
	p.length--
}

// close ends the taking; workers end when the queue is empty.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.wake.Broadcast()
}

// giveBack empties the queue, reports what was in it and names it in the error.
func (p *pool) giveBack() error {
	p.mu.Lock()
	left := make([]oneOff, p.length)
	for i := range left {
		p.pop(&left[i])
	}
	p.mu.Unlock()
	count := make(map[string]int)
	for _, o := range left {
		count[o.name]++
		p.d.emit(&Event{TaskState: o.state(Abandoned), Err: ErrStopping})
		if o.result != nil {
			o.result <- fmt.Errorf("go %q: %w", o.name, ErrStopping)
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(count)) {
		errs = append(errs, fmt.Errorf("%s %q: %d not begun before the stop", oneShot, name, count[name]))
	}
	return errors.Join(errs...)
}

// next waits for a one-shot and returns false where none will come.
//
// To read the clock costs as much as all the rest. Where the queue is never
// empty and nobody observes, it is read for one in 16: the age of a one-shot may
// then count in what those before it took.
func (w *worker) next(o *oneOff) bool {
	p := w.p
	p.mu.Lock()
	defer p.mu.Unlock()
	w.name = ""
	look := p.d.observe != nil || p.begun%16 == 0
	for p.length == 0 {
		if p.closed {
			if p.alive--; p.alive == 0 {
				close(p.ended)
			}
			return false
		}
		*o = oneOff{} // what was done may be collected
		p.idle++
		p.wake.Wait()
		p.idle--
		look = true
	}
	p.pop(o)
	p.begun++
	if look {
		p.clock = time.Since(p.epoch)
	}
	w.name, w.since = o.name, p.clock
	return true
}

// work is the life of a worker. Where a one-shot ends the goroutine by
// runtime.Goexit, it goes on in another.
func (w *worker) work() {
	over := false
	defer func() {
		if !over {
			go w.work()
		}
	}()
	ctx := labelled(w.p.ctx, workerLabel, w.label)
	var o oneOff
	for w.next(&o) {
		w.once(ctx, &o)
	}
	over = true
}

func (w *worker) once(ctx context.Context, o *oneOff) {
	if o.values != nil {
		ctx = &valuesContext{Context: ctx, values: o.values}
	}
	var err error
	returned := false
	defer func() { w.end(o, outcome(recover(), returned, err)) }()
	err = o.f(ctx)
	returned = true
}

func (w *worker) end(o *oneOff, err error) {
	if o.result != nil {
		o.result <- err
	}
	d := w.p.d
	if err == nil && d.observe == nil {
		return
	}
	e := &Event{TaskState: w.state(), Err: err, Stack: stackOf(err)}
	e.close(Ended)
	if told := w.p.ctx.Err() != nil; err != nil && !(told && isStop(err)) {
		e.State, e.Failures, e.Error = Failed, 1, err.Error()
	}
	if o.result == nil || e.Stack != "" { // who waits has the error, but not the stack
		d.record(e)
	}
	d.notify(e)
}

// close ends a run that the event is about.
func (e *Event) close(state State) {
	e.State, e.Since = state, time.Now()
	e.Took = e.Since.Sub(e.Begun)
}

// state tells about the one-shot that runs.
func (w *worker) state() TaskState {
	begun := w.p.epoch.Add(w.since)
	return TaskState{Name: w.name, Kind: oneShot, State: Running, Since: begun, Begun: begun, Starts: 1}
}

// state tells about a one-shot that does not run.
func (o *oneOff) state(s State) TaskState {
	return TaskState{Name: o.name, Kind: oneShot, State: s, Since: time.Now()}
}

// running returns the one-shots that run and the labels of their workers.
func (p *pool) running() (states []TaskState, labels []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.workers {
		if w.name != "" {
			states, labels = append(states, w.state()), append(labels, w.label)
		}
	}
	return states, labels
}

// waiting returns the one-shots in the queue.
func (p *pool) waiting() (states []TaskState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.length {
		states = append(states, p.queue[(p.first+i)%len(p.queue)].state(Waiting))
	}
	return states
}

// valuesContext is a context with the values of another.
type valuesContext struct {
	context.Context
	values context.Context
}

// Value looks into the own context first: there, package context finds what it
// needs to derive others without a goroutine.
func (c *valuesContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}
