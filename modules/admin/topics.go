package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
)

// topic is a part of what operators see: GET /api/NAME answers with it, and the
// stream of GET /api/events sends it again when it has changed.
type topic struct {
	name  string
	every int  // the stream reads it once in so many times; 0: it stays as it is, and is not sent
	asks  bool // others, who may take a second to answer: a stop is told of without them
	read  func(ctx context.Context) any
}

// topics are in the order in which the stream sends them.
func (s *Server) topics() []topic {
	return []topic{
		{name: "lifecycle", every: 1, read: func(context.Context) any { return s.given.Container.Report() }},
		{name: "checks", every: 1, asks: true, read: s.checks},
		{name: "tasks", every: 1, read: s.tasks},
		{name: "traffic", every: 1, read: s.traffic},
		{name: "panels", every: 5, asks: true, read: s.panels},

		{name: "build", read: func(context.Context) any { return s.build }},
		{name: "config", read: s.settings},
		{name: "graph", read: func(context.Context) any { return s.given.Container.Graph() }},
	}
}

// handle answers with the topic.
func (t topic) handle(w http.ResponseWriter, r *http.Request) { answer(w, t.read(r.Context())) }

// items is the form of a list.
type items[T any] struct {
	Items []T `json:"items"`
}

// tasks tells the state of each task.
func (s *Server) tasks(context.Context) any {
	states := []dispatcher.TaskState{} // which is not null in JSON
	if s.given.Dispatcher != nil {
		states = append(states, s.given.Dispatcher.Snapshot()...)
	}
	for i := range states {
		states[i].Error = cut(states[i].Error)
	}
	return items[dispatcher.TaskState]{states}
}

// check is what a check of the application's health says.
type check struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`            // live, ready or startup
	Error string `json:"error,omitempty"` // empty: all is well
}

func (s *Server) checks(ctx context.Context) any {
	checks := []check{}
	for _, a := range s.given.Health.Ask(ctx) {
		c := check{Name: a.Name, Kind: string(a.Kind)}
		if a.Err != nil {
			c.Error = cut(a.Err.Error())
		}
		checks = append(checks, c)
	}
	slices.SortStableFunc(checks, func(a, b check) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return items[check]{checks}
}

// panel is a table that a module has given.
type panel struct {
	Name  string `json:"name"`
	Rows  any    `json:"rows"`
	Error string `json:"error,omitempty"` // why there are no rows
}

func (s *Server) panels(ctx context.Context) any {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	panels := make([]panel, len(s.given.Panels))
	var all sync.WaitGroup
	for i, p := range s.given.Panels {
		all.Go(func() {
			rows, err := p.Read(ctx)
			panels[i] = panel{Name: p.Name, Rows: rows}
			if err != nil {
				panels[i] = panel{Name: p.Name, Rows: []any{}, Error: cut(err.Error())}
			}
		})
	}
	all.Wait()
	slices.SortFunc(panels, func(a, b panel) int { return cmp.Compare(a.Name, b.Name) })
	return items[panel]{panels}
}

// cut bounds what may be a megabyte and is sent each time.
func cut(text string) string {
	const most = 4 << 10
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s ... (%d bytes cut)", strings.ToValidUTF8(text[:most], ""), len(text)-most)
}

// settings tells each setting and its source, secrets masked.
func (s *Server) settings(context.Context) any {
	values := []config.Value{}
	if s.given.Settings != nil {
		values = s.given.Settings.Values()
	}
	return items[config.Value]{values}
}

// build is what runs, and where.
type build struct {
	Service string `json:"service"`
	container.BuildInfo
	Platform string    `json:"platform"`
	CPUs     int       `json:"cpus"` // that it may use
	Host     string    `json:"host,omitempty"`
	PID      int       `json:"pid"`
	Built    time.Time `json:"built"` // when the application was, from its parts
}

func newBuild(service string) build {
	b := build{
		Service: service, BuildInfo: container.ReadBuildInfo(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), PID: os.Getpid(), Built: time.Now(),
	}
	b.Host, _ = os.Hostname() // one without a name is left out
	return b
}
