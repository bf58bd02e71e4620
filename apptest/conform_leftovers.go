package apptest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/lifecycle"
)

// checkConstructors builds the application and starts nothing.
func (c *conformance) checkConstructors() {
	a := c.try(nil, nil)
	if err := a.Build(); err != nil {
		c.find("", "the application cannot be built: %v", err)
		return
	}
	for _, what := range a.more(c.census()) {
		c.find(what, "a constructor holds %s: acquire it in the function of a container.CleanupCtx", words(what))
	}
	for _, name := range files(".") {
		c.find(name, "a constructor writes the file %s: do that in the function of a container.CleanupCtx", name)
	}
	if err := a.stop(); err != nil {
		c.find("", "what is built and not started does not stop: %v", err)
	}
	c.nothingLeft("is built and not started", a)
}

// checkLeftovers runs the application and looks at what is there afterwards.
func (c *conformance) checkLeftovers() {
	a := c.try(nil, nil)
	if !c.start(a) {
		return
	}
	if err := a.stop(); err != nil {
		c.find("", "the second stop in one process fails, and the first did not: %v", err)
	}
	c.nothingLeft("", a)
}

// nothingLeft reports what a stopped application has left in the process. When
// says after what, unless it is a plain stop.
func (c *conformance) nothingLeft(when string, a *trial) {
	if when != "" {
		when = " where the application " + when
	}
	if err := goleak.Find(c.current); err != nil {
		left := a.Report().Left
		for _, text := range left { // N of HOOK:\nSTACK
			head, stack, _ := strings.Cut(text, "\n")
			_, name, _ := strings.Cut(strings.TrimSuffix(head, ":"), " of ")
			c.find(name, "%s leaves a goroutine%s: let its Cleanup end it and wait for its end. It hangs in\n%s", hookOf(name), when, stack)
		}
		if left == nil {
			by := "somebody"
			if m := regexp.MustCompile(`created by (\S+)`).FindStringSubmatch(err.Error()); m != nil {
				by = path.Base(m[1])
			}
			c.find(by, "%s leaves a goroutine%s: start it in the function of a container.CleanupCtx or in a task, whose end is awaited. %v", by, when, err)
		}
		c.current = goleak.IgnoreCurrent() // told; the next one is another
	}
	more := a.more(c.census())
	for until := time.Now().Add(c.patience); len(more) > 0 && time.Now().Before(until); more = a.more(c.census()) {
		<-time.After(5 * time.Millisecond) // the other end of a connection may not have closed yet
	}
	for id, what := range more {
		c.patience = 10 * time.Millisecond // there will be more, and it is known
		name, by := "", "something"
		if hook, known := a.opened.Load(id); known {
			name = hook.(string)
			by = hookOf(name)
		}
		c.find(name, "%s leaves %s%s: release it in its Cleanup, on every path", by, words(what), when)
	}
	for _, name := range files(c.temp) {
		_ = os.Remove(filepath.Join(c.temp, name)) // told
	}
}

// more returns what a census has that was not there before the application.
func (a *trial) more(census map[string]string) map[string]string {
	maps.DeleteFunc(census, func(id, _ string) bool { return a.before[id] != "" })
	return census
}

// census returns what the process holds, for words to name.
func (c *conformance) census() map[string]string {
	all := descriptors()
	for _, name := range files(c.temp) {
		all[name] = "temporary:" + name
	}
	return all
}

// around has functions called before and after a hook's start.
func around(h lifecycle.Hook, before, after func()) lifecycle.Hook {
	if setup := h.Setup; setup != nil {
		h.Setup = func(ctx context.Context) (lifecycle.Cleanup, error) {
			before()
			defer after()
			return setup(ctx)
		}
	}
	return h
}

// descriptors returns what the process has open: none where the system
// does not tell.
func descriptors() map[string]string {
	open := make(map[string]string)
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return open // not on this system; ports and files are seen by other rules
	}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "anon_inode:[event") { // gone; our own; the runtime's
			continue
		}
		open[e.Name()+" "+target] = target
	}
	return open
}

// words names something of a census. What a socket is takes long to know.
func words(what string) string {
	if name, ok := strings.CutPrefix(what, "temporary:"); ok {
		return "the temporary file " + name
	}
	if inode, ok := strings.CutPrefix(what, "socket:["); ok {
		return socket(strings.TrimSuffix(inode, "]"))
	}
	return "the open file " + what
}

// socket says what is known of a socket.
func socket(inode string) string {
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/self/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line) // number, local address:port, remote, state, ..., inode
			if len(f) < 10 || f[9] != inode {
				continue
			}
			var port int
			_, hex, _ := strings.Cut(f[1], ":")
			if _, err := fmt.Sscanf(hex, "%x", &port); err == nil && f[3] == "0A" {
				return fmt.Sprintf("a listener on port %d", port)
			}
			return "a connection"
		}
	}
	return "a socket"
}

// files lists the files below dir.
func files(dir string) (names []string) {
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error { // what cannot be read is not ours
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	return names
}
