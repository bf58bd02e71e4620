package apptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
)

// Conform proves of modules what Ostov proves of itself. It boots them again and
// again, on what [StartOnly] boots them on, and on each fault of theirs fails t with
// a line that names the rule, the hook, task, check or setting, its module, and
// what to do. Without modules it is the whole application that is tried.
//
//	func TestTheModuleConforms(t *testing.T) { apptest.Conform(t, greeter.Module) }
//
// The rules:
//
//   - start: the modules start and stop within the limits of the application,
//     and a second stop returns what the first did. The others follow only where
//     that is so.
//   - tasks: every task ends when its context does.
//   - constructors: what is built and not started opens nothing, writes no file, and
//     leaves nothing. That is what app check relies on.
//   - leftovers: after a stop no goroutine, descriptor, port or temporary file is left.
//   - faults: where a hook fails, panics or hangs, in its start or its stop, each
//     of them in turn, all others are stopped without an error and nothing is left.
//   - signals: a SIGTERM before, in and after each hook's start rolls it back: a
//     clean exit, and nothing left.
//   - requests: a stop under load loses no request, and none fails that did
//     not before. Each GET route without parameters is asked, some so late that they
//     run in the drain; 503 is a fair answer.
//   - settings: each has a doc tag, and a number or duration refuses -1 where that
//     means nothing.
//   - secrets: none is in the output, the log at debug level, the report, the
//     graph, or the settings as app config shows them.
//   - readiness: the started application is ready; a probe ends with its context,
//     and answers without a panic after the stop, too.
//
// [Set] and options for fakes work as in [Start]; [Waive] allows an exception. The
// test may not be parallel: what is left is counted in the whole process, with a
// working directory and a directory for temporary files of its own.
func Conform(t testing.TB, options ...fx.Option) {
	t.Helper()
	conform(t, rules(), options)
}

// Waive has [Conform] pass over the findings of a rule whose subject, which is the
// name of a hook, task, check, route or setting, is the given one. The reason is for the
// reader. A waiver that nothing needs is a finding itself.
func Waive(rule, subject, reason string) fx.Option {
	return &waiver{Option: fx.Options(), rule: rule, subject: subject, reason: reason}
}

type waiver struct {
	fx.Option
	rule, subject, reason string
	used                  bool
}

// rule is one promise and the function that tries to break it.
type rule struct {
	name  string
	check func(*conformance)
}

func rules() []rule {
	return []rule{
		{"start", (*conformance).checkStart},
		{"constructors", (*conformance).checkConstructors},
		{"leftovers", (*conformance).checkLeftovers},
		{"faults", (*conformance).checkFaults},
		{"signals", (*conformance).checkSignals},
		{"requests", (*conformance).checkRequests},
		{"settings", (*conformance).checkSettings},
		{"secrets", (*conformance).checkSecrets},
		{"readiness", (*conformance).checkReadiness},
	}
}

// conformance is one run of [Conform].
type conformance struct {
	t       testing.TB
	modules []fx.Option
	set     []string
	waivers []*waiver
	temp    string // the directory of temporary files
	// patience is how long what is left may take to go.
	patience time.Duration

	rule    string           // the one that is tried
	hooks   []lifecycle.Hook // in the order of the list; none until the application has started and stopped
	mu      sync.Mutex       // guards found and the waivers
	found   map[string]bool
	current goleak.Option // the goroutines that are not ours
}

func conform(t testing.TB, rules []rule, options []fx.Option) {
	t.Helper()
	c := &conformance{t: t, temp: t.TempDir(), found: make(map[string]bool), patience: time.Second}
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, c.temp)
	}
	for _, o := range options {
		switch o := o.(type) {
		case setting:
			c.set = append(c.set, o.text)
		case *waiver:
			c.waivers = append(c.waivers, o)
		default:
			c.modules = append(c.modules, o)
		}
	}
	c.set = append([]string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0"}, c.set...)
	if c.modules == nil {
		c.modules = []fx.Option{modules.All()}
		c.set = append([]string{"admin.address=127.0.0.1:0"}, c.set...)
	} else {
		c.modules = append(platform(), c.modules...)
	}
	for _, r := range rules {
		t.Chdir(t.TempDir()) // and a parallel test is refused
		c.rule = r.name
		c.current = goleak.IgnoreCurrent()
		r.check(c)
		if c.hooks == nil {
			return // it does not start: all else would only repeat that
		}
	}
	for _, w := range c.waivers {
		if !w.used {
			c.t.Errorf("waiver of %s for %q: nothing needs it: take it out", w.rule, w.subject)
		}
	}
}

// find reports that the rule is broken by the subject, once, unless that is waived.
func (c *conformance) find(subject, format string, args ...any) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.waivers {
		if w.rule == c.rule && w.subject == subject {
			w.used = true
			return
		}
	}
	text := c.rule + ": " + fmt.Sprintf(format, args...)
	key, _, _ := strings.Cut(text, "\n")
	if !c.found[key] {
		c.found[key] = true
		c.t.Error(text)
	}
}

// hookOf names a hook and its module, which is the package of its function.
func hookOf(name string) string {
	module, _, _ := strings.Cut(name, ".")
	return fmt.Sprintf("hook %s of module %s", name, module)
}

// parts are what a trial looks at.
type parts struct {
	fx.In

	Server     *httpserver.Server     `optional:"true"`
	Dispatcher *dispatcher.Dispatcher `optional:"true"`
	Health     *health.Registry
	Stopping   lifecycle.Stopping
	Config     *config.Config
	Sections   []config.Section `group:"config.sections"`
	Checks     []health.Check   `group:"health"`
}

// trial is the application, once.
type trial struct {
	*container.Container
	parts
	output testkit.Buffer
	stop   func() error
	before map[string]string // what there was before it
	opened sync.Map          // and what the start of which hook has added
}

// try describes an application whose hooks are changed by change, if any, which
// gets the number of a hook in the list.
func (c *conformance) try(set []string, change func(i int, h lifecycle.Hook) lifecycle.Hook, options ...fx.Option) *trial {
	a := &trial{before: c.census()}
	i := -1
	decorate := func(h lifecycle.Hook) lifecycle.Hook {
		i++
		if change != nil {
			h = change(i, h)
		}
		return around(h, func() {}, func() { // at any time, where a start was left behind
			for id := range a.more(c.census()) {
				a.opened.LoadOrStore(id, h.Name)
			}
		})
	}
	options = slices.Concat(c.modules, options, []fx.Option{
		fx.Invoke(func(p parts) { a.parts = p }),
		fx.Provide(fx.Annotate(func() lifecycle.Decorator { return decorate }, fx.ResultTags(`group:"container.decorators"`))),
	})
	a.Container = container.New(container.Process{
		Stdout: &a.output, Stderr: &a.output,
		Sources: config.Sources{Environ: []string{}, Set: slices.Concat(c.set, set)},
	}, options...)
	a.stop = func() error { return a.Stop(context.WithoutCancel(c.t.Context())) }
	return a
}

// checkStart runs the application once, and sets the list of its hooks.
func (c *conformance) checkStart() {
	var hooks []lifecycle.Hook
	a := c.try(nil, func(_ int, h lifecycle.Hook) lifecycle.Hook {
		hooks = append(hooks, h)
		return h
	})
	if err := a.Start(c.t.Context()); err != nil {
		if !c.hookErrors(err, "does not start") {
			c.find("", "the application does not start: %v", err)
		}
		return
	}
	first := make(chan error, 1)
	go func() { first <- a.stop() }()
	again := a.stop()
	err := <-first
	for _, task := range a.tasks() {
		if task.State == dispatcher.Abandoned {
			c.rule = "tasks" // which only a stop shows
			c.find(task.Name, "task %q ignores its context: it runs on after the stop and is left behind: pass the context to whatever blocks, and return when it ends", task.Name)
			return
		}
	}
	switch third := a.stop(); {
	case err != nil && !c.hookErrors(err, "does not stop"):
		c.find("", "the application does not stop: %v", err)
	case err != again || err != third: //nolint:errorlint // the very error
		c.find("", "two stops at a time and one later return %v, %v and %v: want the same", err, again, third)
	case err == nil:
		c.hooks = hooks
	}
}

func (a *trial) tasks() []dispatcher.TaskState {
	if a.Dispatcher == nil {
		return nil
	}
	return a.Dispatcher.Snapshot()
}

// hookErrors reports what hooks did wrong, and whether it was a hook at all.
func (c *conformance) hookErrors(err error, does string) (any bool) {
	for _, e := range unjoin(err) {
		if h := (*lifecycle.HookError)(nil); errors.As(e, &h) {
			any = true
			advice := "mend what it says"
			switch {
			case errors.Is(e, lifecycle.ErrAbandoned):
				advice = "pass its context to whatever blocks, and return when it ends"
			case errors.Is(e, context.DeadlineExceeded):
				advice = "make it faster, or give it a higher limit"
			}
			c.find(h.Hook, "%s %s: %v: %s", hookOf(h.Hook), does, h.Err, advice)
		}
	}
	return any
}

// unjoin returns the errors that errors.Join has joined.
func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, unjoin(e)...)
		}
		return all
	}
	return []error{err}
}
