package container

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/ostov/internal/notify"
)

// Endpoint is where a module serves, for the line that tells that all is ready.
// A module gives it in the value group "container.endpoints".
type Endpoint struct {
	Name string          // "http" and "tcp" are printed first, "admin" last and by its name
	URLs func() []string // asked once the start is over; none where nothing listens
}

// announcer prints the two lines that scripts wait for, and tells the service
// manager the same.
type announcer struct {
	out       io.Writer
	endpoints []Endpoint

	mu        sync.Mutex
	tell      func(news ...string) // the service manager; nil: there is none
	stopLimit time.Duration        // for the manager
	last      chan struct{}        // closes when the line before is out; nil: there is none
	stopping  bool
}

// serving tells where the application serves, once every listener accepts.
func (a *announcer) serving() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping {
		return // it was stopped as soon as it ran
	}
	rank := map[string]int{"http": -2, "tcp": -1, "admin": 1}
	slices.SortStableFunc(a.endpoints, func(x, y Endpoint) int {
		return cmp.Or(cmp.Compare(rank[x.Name], rank[y.Name]), strings.Compare(x.Name, y.Name))
	})
	line := "Serving on"
	for _, e := range a.endpoints {
		for _, url := range e.URLs() {
			if e.Name == "admin" {
				url = "admin=" + url
			}
			line += " " + url
		}
	}
	if a.tell != nil {
		a.tell(notify.Ready, notify.Status(line))
	}
	a.last = write(a.out, line+". Hit CTRL-C to stop.\n", nil)
}

// manage has a manager told, by tell, of all that follows.
func (a *announcer) manage(tell func(news ...string), stopLimit time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell, a.stopLimit = tell, stopLimit
}

// shuttingDown tells that a stop begins; of one that follows no start only the
// manager hears.
func (a *announcer) shuttingDown() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	if a.tell != nil {
		a.tell(notify.Stopping, notify.Status("Shutting down"), notify.Extend(a.stopLimit))
	}
	if a.last != nil {
		write(a.out, "Server shutting down.\n", a.last)
	}
}

// Show writes text to stderr, beside the log, for who started the process. Where
// nobody reads, it waits for a moment only.
func (c *Container) Show(text string) { write(c.process.Stderr, text, nil) }

// patience is how long a start or stop waits for a line to be written.
const patience = 100 * time.Millisecond

// write writes s after previous is closed. A reader that does not read holds it
// for patience only; the write then goes on by itself. The channel it returns
// closes when s is out.
func write(w io.Writer, s string, previous <-chan struct{}) chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if previous != nil {
			<-previous
		}
		_, _ = io.WriteString(w, s) // a reader that went away is no reason to stop
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	return done
}
