package lifecycle

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// The labels of a hook's goroutines and of all that they start.
const (
	engineLabel = "lifecycle.engine"
	hookLabel   = "lifecycle.hook"
)

// goroutine is a group of goroutines with the same stack and hook.
type goroutine struct {
	hook  string
	count int
	stack string // one function a line, with file and line
}

// goroutines finds those that the hooks of one engine started, by their
// labels, in the text form of the goroutine profile: the one that has both
// labels and stacks (runtime/pprof, Profile.WriteTo with debug=1).
func goroutines(engine string) []goroutine {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return nil // a bytes.Buffer does not fail
	}
	mark := strconv.Quote(engineLabel) + ":" + strconv.Quote(engine)
	var found []goroutine
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		head, rest, _ := strings.Cut(record, "\n# labels: ")
		labels, stack, _ := strings.Cut(rest, "\n")
		if !strings.Contains(labels, mark) {
			continue
		}
		g := goroutine{hook: label(labels, hookLabel), count: 1}
		head = head[strings.LastIndexByte(head, '\n')+1:] // the first record follows the profile's title
		if n, _, cut := strings.Cut(head, " @ "); cut {
			if count, err := strconv.Atoi(n); err == nil {
				g.count = count
			}
		}
		for line := range strings.SplitSeq(stack, "\n") {
			if fields := strings.Fields(line); len(fields) >= 4 { // "#", address, function, file:line
				g.stack += fields[2] + " " + fields[len(fields)-1] + "\n"
			}
		}
		found = append(found, g)
	}
	return found
}

// label returns the value of key in the labels {"key":"value", ...}.
func label(labels, key string) string {
	_, after, _ := strings.Cut(labels, strconv.Quote(key)+":")
	if quoted, err := strconv.QuotedPrefix(after); err == nil {
		if value, err := strconv.Unquote(quoted); err == nil {
			return value
		}
	}
	return ""
}

// leftBehind lists the goroutines of hooks that are still there. Those that are
// about to end get a moment to do so, unless it is known that they do not.
func leftBehind(engine string, known bool) []string {
	pause := time.Millisecond
	alive := goroutines(engine)
	for len(alive) > 0 && !known && pause < 32*time.Millisecond {
		<-time.After(pause)
		pause *= 2
		alive = goroutines(engine)
	}
	var left []string
	for _, g := range alive {
		left = append(left, fmt.Sprintf("%d of %s:\n%s", g.count, g.hook, g.stack))
	}
	return left
}
