package apptest_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/apptest"
	"example.com/ostov/apptest/testdata/bad"
)

func TestTheWholeApplicationConforms(t *testing.T) {
	alone(t, func(t *testing.T) { apptest.Conform(t) })
}

// findings notes what a test would fail with.
type findings struct {
	testing.TB

	mu  sync.Mutex
	all []string
}

func (f *findings) Error(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fmt.Sprint(args...))
}

func (f *findings) Errorf(format string, args ...any) { f.Error(fmt.Sprintf(format, args...)) }

// badModules are what a bad module is found with: rule: words | words.
var badModules = map[string]string{
	"start fails":          "start: hook bad.failsToStart of module bad does not start|no such table",
	"stop fails":           "start: hook bad.failsToStop of module bad does not stop|cannot flush",
	"stop hangs":           "start: hook bad.hangsInStop of module bad does not stop|left behind: pass its context to whatever blocks",
	"task ignores":         "tasks: task \"deaf\" ignores its context|return when it ends",
	"constructor opens":    "constructors: a constructor holds the open file|in the function of a container.CleanupCtx",
	"constructor writes":   "constructors: a constructor writes the file cache.db",
	"constructor runs":     "constructors: bad.runInConstructor leaves a goroutine where the application is built and not started",
	"goroutine":            "leftovers: hook bad.leakGoroutine.func1 of module bad leaves a goroutine|let its Cleanup end it",
	"port":                 "leftovers: hook bad.leakPort of module bad leaves a listener on port|release it in its Cleanup",
	"descriptor":           "leftovers: hook bad.leakFile of module bad leaves the open file",
	"temporary file":       "leftovers: hook bad.leakTemporaryFile of module bad leaves the temporary file upload|release it",
	"waits for the others": "faults: hook bad.waitsForOthers of module bad does not stop properly where the start of|rely only on what started before it",
	"forgets on rollback":  "faults: hook bad.forgetsOnFailure of module bad leaves the open file|where the application stops because the start of",
	"forgets when late":    "faults: hook bad.forgetsWhenLate of module bad leaves the open file|where the application stops because the start of bad.forgetsWhenLate hangs",
	"hides the signal":     "signals: hook bad.hidesTheSignal of module bad hides that its start was interrupted (could not connect)|return context.Cause(ctx)",
	"ignores the signal":   "signals: hook bad.ignoresTheSignal of module bad goes on where the application is told to end in the start of bad.ignoresTheSignal",
	"loses requests":       "requests: GET /store (bad.storeRoutes.func1) answers|with 500 in a stop, and 204 before|until the drain is over",
	"setting without text": "settings: setting bad.size of module bad has no text: add the tag doc",
	"setting without rule": "settings: setting bad.size of module bad takes -1: say what is allowed",
	"secret":               "secrets: setting bad.key of module bad is printed in the output: keep it a config.Secret",
	"secret in base64":     "secrets: setting bad.key of module bad is printed in the output",
	"never ready":          "readiness: check \"never\" fails although the application has started: not today",
	"deaf check":           "readiness: check \"deaf\", asked with a context that has ended: it does not answer",
	"check that panics":    "readiness: check \"pool\", asked after the stop: it panics|return an error once what it asks is gone",
}

func TestABadModuleIsFoundWithTheRightWords(t *testing.T) {
	if os.Getenv(isAlone) == "" {
		t.Parallel()
	}
	for name := range bad.Modules(nil) {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T) { findBad(t, name, badModules[name]) })
		})
	}
}

func findBad(t *testing.T, name, want string) {
	t.Helper()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	rule, _, known := strings.Cut(want, ":")
	if !known {
		t.Fatalf("nobody says what is found of %q", name)
	}
	f := &findings{TB: t}
	apptest.ConformTo(f, []string{rule}, bad.Modules(end)[name], apptest.Set("dispatcher.stop_timeout", "50ms"))
	all := strings.Join(f.all, "\n")
	for words := range strings.SplitSeq(want, "|") {
		if !strings.Contains(all, words) {
			t.Errorf("the findings are\n%s\nwant one with %q", all, words)
		}
	}
	for _, text := range f.all {
		if !strings.HasPrefix(text, rule+":") {
			t.Errorf("another rule is found broken: %s", text)
		}
	}
}

func TestAWaiverAllowsWhatItNamesAndNothingElse(t *testing.T) {
	f := &findings{TB: t}
	apptest.ConformTo(f, []string{"settings"}, bad.Modules(nil)["setting without rule"], apptest.Waive("settings", "bad.size", "less than nothing is a size, too"))
	if len(f.all) > 0 {
		t.Errorf("findings %q; want none", f.all)
	}
	apptest.ConformTo(f, []string{"settings"}, fx.Options(), apptest.Waive("settings", "bad.size", "it is gone"))
	if all := strings.Join(f.all, "\n"); !strings.Contains(all, "nothing needs it") {
		t.Errorf("findings %q; want that the waiver is not needed", f.all)
	}
}
