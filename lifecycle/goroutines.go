package lifecycle

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The labels of a hook's goroutines and of all that they start.
const (
	engineLabel = "lifecycle.engine"
	hookLabel   = "lifecycle.hook"
)

// Goroutine is a group of goroutines with the same labels and the same stack.
type Goroutine struct {
	Count int
	Stack string // one function a line, with file and line

	labels string // {"key":"value", ...}
}

// Goroutines returns the goroutines of the process that have labels: hooks, tasks
// and all that they start can be told apart by these. It reads the text form of
// the goroutine profile, the one that has both labels and stacks (runtime/pprof,
// Profile.WriteTo with debug=1).
func Goroutines() []Goroutine {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1) // a bytes.Buffer does not fail
	var found []Goroutine
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		head, rest, labelled := strings.Cut(record, "\n# labels: ")
		if !labelled {
			continue
		}
		labels, stack, _ := strings.Cut(rest, "\n")
		g := Goroutine{Count: 1, labels: labels}
		head = head[strings.LastIndexByte(head, '\n')+1:] // the first record follows the profile's title
		if n, _, cut := strings.Cut(head, " @ "); cut {
			if count, err := strconv.Atoi(n); err == nil {
				g.Count = count
			}
		}
		for line := range strings.SplitSeq(stack, "\n") {
			if fields := strings.Fields(line); len(fields) >= 4 { // "#", address, function, file:line
				g.Stack += fields[2] + " " + fields[len(fields)-1] + "\n"
			}
		}
		found = append(found, g)
	}
	return found
}

// Label returns the value of a label, empty where there is none.
func (g Goroutine) Label(key string) string {
	_, after, _ := strings.Cut(g.labels, strconv.Quote(key)+":")
	if quoted, err := strconv.QuotedPrefix(after); err == nil {
		if value, err := strconv.Unquote(quoted); err == nil {
			return value
		}
	}
	return ""
}

// goroutines finds those that the hooks of one engine started.
func goroutines(engine string) []Goroutine {
	return slices.DeleteFunc(Goroutines(), func(g Goroutine) bool { return g.Label(engineLabel) != engine })
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
		left = append(left, fmt.Sprintf("%d of %s:\n%s", g.Count, g.Label(hookLabel), g.Stack))
	}
	return left
}
