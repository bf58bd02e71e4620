package container

import (
	"errors"
	"path"
	"regexp"
	"strings"

	"example.com/ostov/config"
)

// buildError is an application that Fx could not build, told so that one can
// mend it: what to do, then the chain of who needs what, the cause last.
type buildError struct {
	text string
	err  error
}

// Error returns the explanation, in several lines.
func (e *buildError) Error() string { return e.text }

// Unwrap returns Fx's error.
func (e *buildError) Unwrap() error { return e.err }

// What dig says, in the one-line form of its errors.
var (
	frame     = regexp.MustCompile(`^(?:could not build arguments for|missing dependencies for|received non-nil error from) function ("[^"]+"\.\S+) \(([^()]+)\): `)
	wanted    = regexp.MustCompile(`^failed to build (.+?): `)
	missing   = regexp.MustCompile(`^missing types?: (.+)$`)
	cycleStep = regexp.MustCompile(`(func\(.*\) .+) provided by ("[^"]+"\.\S+) \(([^()]+)\)`)
	twice     = regexp.MustCompile(`cannot provide function ("[^"]+"\.\S+) \(([^()]+)\): cannot provide (.+?) from .*: already provided by ("[^"]+"\.\S+) \(([^()]+)\)`)
	decorated = regexp.MustCompile(`cannot decorate using function (.+): (.+) already decorated`)
	cleanup   = regexp.MustCompile(`\[name="(.+) 0x[0-9a-f]+"\]$`) // as of CleanupCtx
)

// explain turns Fx's error of a build into a buildError. The error of a
// configuration speaks for itself.
func explain(err error) error {
	text := err.Error()
	wrong := (*config.Error)(nil)
	switch {
	case errors.As(err, &wrong):
		return &buildError{text: wrong.Error(), err: err}
	case strings.HasPrefix(text, "cycle detected"):
		text = explainCycle(text)
	case twice.MatchString(text):
		m := twice.FindStringSubmatch(text)
		text = "provide " + m[3] + " once: take one of the two out, or tell them apart by name (fx.ResultTags)" +
			link(function(m[4])+" ("+m[5]+")") + link(function(m[1])+" ("+m[2]+")")
	case decorated.MatchString(text):
		m := decorated.FindStringSubmatch(text)
		text = "decorate " + m[2] + " once in the root"
		if m[2] == "fx.Lifecycle" {
			text += ", which container.Module does: to observe hooks, decorate fxevent.Logger instead"
		}
		text += link(m[1])
	default:
		text = explainChain(text)
	}
	return &buildError{text: "the application cannot be built: " + text, err: err}
}

// explainChain tells of a missing type or of a constructor that failed.
func explainChain(text string) string {
	var chain string
	for {
		if m := frame.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			switch maker := function(m[1]) + " (" + m[2] + ")"; {
			case strings.HasPrefix(maker, "reflect."): // an annotated function, of which Fx does not keep the name
			case chain == "":
				chain = link(maker)
			default:
				chain += " by " + maker
			}
			continue
		}
		if m := wanted.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			name := m[1]
			if hook := cleanup.FindStringSubmatch(name); hook != nil {
				name = hook[1]
			}
			chain += link(name)
			continue
		}
		break
	}
	if m := missing.FindStringSubmatch(text); m != nil {
		return "provide " + strings.ReplaceAll(m[1], "; ", " and ") + ", or take out what needs it" + chain + link("nobody provides "+m[1])
	}
	first, _, _ := strings.Cut(text, "\n")
	if chain == "" {
		return text
	}
	return first + chain + link(text)
}

func explainCycle(text string) string {
	var chain string
	for _, m := range cycleStep.FindAllStringSubmatch(text, -1) {
		chain += link(function(m[2]) + " (" + m[3] + "): " + m[1])
	}
	return "break the cycle: let one of these need less, or hand it over later in an fx.Invoke" + chain
}

func link(s string) string { return "\n\t→ " + s }

// function shortens "path/of/package".name to package.name.
func function(quoted string) string {
	return path.Base(strings.ReplaceAll(quoted, `"`, ""))
}
