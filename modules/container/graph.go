package container

import (
	"regexp"
	"slices"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
)

// Graph is what an application is made of: its constructors by module, what
// each gives and needs, and its hooks in the order of their start.
type Graph struct {
	Modules []GraphModule `json:"modules"` // in the order in which Fx met them; the root has no name
	Hooks   []GraphHook   `json:"hooks"`
}

// GraphModule is one fx.Module, or the root.
type GraphModule struct {
	Name         string        `json:"name"`
	Constructors []Constructor `json:"constructors"`
}

// Constructor is a function given to fx.Provide, or a supplied value.
type Constructor struct {
	Name      string   `json:"name"`
	Gives     []string `json:"gives"`
	Needs     []string `json:"needs,omitempty"`
	Decorated []string `json:"decorated,omitempty"` // by what, where another function changes what it gives
}

// GraphHook is a hook of the engine.
type GraphHook struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
}

// Graph draws a built application from Fx's events, which know modules and
// decorations, and from its DOT graph, which knows what a constructor needs. The
// latter lists what is private to a module last: constructors are known by the
// first type that they give.
func (c *Container) Graph() Graph {
	var g Graph
	for _, h := range c.engine.Report().Hooks {
		g.Hooks = append(g.Hooks, GraphHook{Name: h.Name, Phase: h.Phase})
	}
	var built []fxevent.Event
	if e, ours := c.events.(*events); ours {
		built = e.built
	}
	needs := needsOf(c.dot)
	decorated := make(map[string][]string)
	for _, event := range built {
		switch e := event.(type) {
		case *fxevent.Decorated:
			for _, t := range e.OutputTypeNames {
				decorated[t] = append(decorated[t], e.DecoratorName)
			}
		case *fxevent.Replaced:
			for _, t := range e.OutputTypeNames {
				decorated[t] = append(decorated[t], "fx.Replace")
			}
		}
	}
	for _, event := range built {
		var module string
		var constructor Constructor
		switch e := event.(type) {
		case *fxevent.Provided:
			module, constructor = e.ModuleName, Constructor{Name: e.ConstructorName, Gives: plain(e.OutputTypeNames)}
		case *fxevent.Supplied:
			module, constructor = e.ModuleName, Constructor{Name: "fx.Supply", Gives: []string{e.TypeName}}
		default:
			continue
		}
		if first := constructor.Gives[0]; len(needs[first]) > 0 {
			constructor.Needs, needs[first] = needs[first][0], needs[first][1:]
		}
		for _, t := range constructor.Gives {
			constructor.Decorated = append(constructor.Decorated, decorated[t]...)
		}
		i := slices.IndexFunc(g.Modules, func(m GraphModule) bool { return m.Name == module })
		if i < 0 {
			i = len(g.Modules)
			g.Modules = append(g.Modules, GraphModule{Name: module})
		}
		g.Modules[i].Constructors = append(g.Modules[i].Constructors, constructor)
	}
	return g
}

var (
	gives     = regexp.MustCompile(`(?m)^\t\tconstructor_(\d+) \[.*\n\t\t"(.*)" \[label`)
	need      = regexp.MustCompile(`(?m)^\tconstructor_(\d+) -> "(.*)" \[`)
	groupType = regexp.MustCompile(`^\[type=(.+) group=(.+)\]$`)
	member    = regexp.MustCompile(`\[group=([^\]]*)\]\d+$`)
	nameTag   = regexp.MustCompile(`\[name ?= ?"?([^"\]]*?)(?: 0x[0-9a-f]+)?"?\]`)
)

// needsOf reads a DOT graph: what the constructors need that give a type first,
// in the order in which they stand there.
func needsOf(dot fx.DotGraph) map[string][][]string {
	needs := make(map[string][]string) // by the number of the constructor
	for _, m := range need.FindAllStringSubmatch(string(dot), -1) {
		t := m[2]
		if group := groupType.FindStringSubmatch(t); group != nil {
			t = group[1] + `[group = "` + group[2] + `"]`
		}
		needs[m[1]] = append(needs[m[1]], plain([]string{t})...)
	}
	byFirst := make(map[string][][]string)
	for _, m := range gives.FindAllStringSubmatch(string(dot), -1) {
		first := plain([]string{member.ReplaceAllString(m[2], `[group = "$1"]`)})[0]
		byFirst[first] = append(byFirst[first], needs[m[1]])
	}
	return byFirst
}

// plain gives types one form: without what tells apart the hooks of CleanupCtx,
// and a group that is flattened as what its members are.
func plain(types []string) []string {
	out := make([]string, len(types))
	for i, t := range types {
		if member, flat := strings.CutSuffix(t, `,flatten"]`); flat {
			t = strings.TrimPrefix(member, "[]") + `"]`
		}
		out[i] = nameTag.ReplaceAllString(t, `[name = "$1"]`)
	}
	return out
}
