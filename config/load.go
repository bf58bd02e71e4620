package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Sources are where settings come from, besides the defaults.
type Sources struct {
	// Optional is a file that is read where it exists and Files is empty.
	Optional string

	// Files are read in their order. Each must exist.
	Files []string

	// Environ are variables as NAME=value, as os.Environ returns them.
	Environ []string

	// Set are the arguments of --set flags, section.key=value.
	Set []string
}

// Config is a loaded configuration. It never changes.
type Config struct {
	*schema
	values  map[string]reflect.Value // by section
	sources map[string]string        // by key; none for a default
}

// loader is a Config in the making.
type loader struct {
	Config
	unread map[string]bool // settings that could not be read, which are not judged
	faults []Fault
}

// Load reads the sections from the sources and checks them. The error is an
// [*Error] with everything that is wrong; it is [ErrSections] where the program is.
func Load(sections []Section, sources Sources) (*Config, error) {
	s, err := newSchema(sections)
	if err != nil {
		return nil, err
	}
	l := &loader{Config: s.defaults(), unread: make(map[string]bool)}
	if len(sources.Files) == 0 && sources.Optional != "" {
		l.file(sources.Optional, true)
	}
	for _, name := range sources.Files {
		l.file(name, false)
	}
	l.environment(sources.Environ)
	l.set(sources.Set)
	if err := l.validate(); err != nil {
		return nil, err
	}
	if l.faults != nil {
		return nil, &Error{Faults: l.faults}
	}
	return &l.Config, nil
}

// defaults returns what holds where no source speaks.
func (s *schema) defaults() Config {
	c := Config{schema: s, values: make(map[string]reflect.Value), sources: make(map[string]string)}
	for _, section := range s.sections {
		c.values[section.name] = copied(section.defaults)
	}
	return c
}

// Get returns the section called name, of type T. Each call returns a copy of its
// own. It panics where no such section was loaded.
func Get[T any](c *Config, name string) T {
	v, ok := c.values[name]
	if !ok || v.Type() != reflect.TypeFor[T]() {
		panic(fmt.Sprintf("config: no section %q of type %v was loaded", name, reflect.TypeFor[T]()))
	}
	return copied(v).Interface().(T)
}

// Value is a setting as an operator may see it.
type Value struct {
	Key      string `json:"key"`           // http.drain_timeout
	Value    string `json:"value"`         // as YAML in one line; of a Secret at most the host of its URL
	Source   string `json:"source"`        // "app.yaml:3", a variable, "--set http.address" or "default"
	Default  bool   `json:"default"`       // no source gives it
	Variable string `json:"variable"`      // its name in the environment
	Type     string `json:"type"`          // of its field, as Go writes it: time.Duration
	Doc      string `json:"doc,omitempty"` // what it means
}

// Values returns all settings: the section app first, then the others by name, the
// settings of each in the order of its fields.
func (c *Config) Values() []Value {
	values := make([]Value, len(c.settings))
	for i, s := range c.settings {
		source, given := c.source(s.key)
		values[i] = Value{
			Key:      s.key,
			Value:    yamlText(c.of(s)),
			Source:   source,
			Default:  !given,
			Variable: s.variable,
			Type:     s.of.String(),
			Doc:      s.doc,
		}
	}
	return values
}

// of returns the value of s.
func (c *Config) of(s setting) reflect.Value { return c.values[s.section].FieldByIndex(s.index) }

// source returns where the value of a setting comes from.
func (c *Config) source(key string) (source string, given bool) {
	if source, given = c.sources[key]; given {
		return source, true
	}
	return "default", false
}

// whole returns the key of the setting that key is, or is an element of:
// admin.hosts of admin.hosts[2].
func whole(key string) string {
	key, _, _ = strings.Cut(key, "[")
	return key
}

// fault notes what is wrong with key, or with source where there is no key.
func (l *loader) fault(key, source, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	l.faults = append(l.faults, Fault{Key: line(short(key)), Source: line(source), Problem: line(problem)})
}

// wrong reports that what source gives for key cannot be read.
func (l *loader) wrong(key, source, format string, args ...any) {
	l.fault(key, source, format, args...)
	l.unread[whole(key)] = true
}

// textNode returns text, as a variable or a flag gives it, as YAML would.
func textNode(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// text sets s to the text of a variable or a flag.
func (l *loader) text(s setting, source, text string) {
	n := textNode(text)
	if isList(s.of) {
		n = &yaml.Node{Kind: yaml.SequenceNode}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				n.Content = append(n.Content, textNode(part))
			} else if text != "" {
				l.wrong(s.key, source, "found an empty element; write elements with one comma between them")
				return
			}
		}
	}
	l.node(func(*yaml.Node) string { return source }, n, s.key)
}

// scalar sets v, which stands at key, to n and reports whether it could.
func (l *loader) scalar(v reflect.Value, key, source string, n *yaml.Node) bool {
	var problem string
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&yaml.TaggedStyle != 0:
		problem = `found a value that begins with "!"; write it in quotes`
	case isNull(n):
		problem = `found no value; write one, "" for an empty text, or leave the key out`
	case n.Kind != yaml.ScalarNode:
		problem = "found " + kind(n) + "; write one value"
	default:
		switch err := setText(v, n.Value); {
		case err == nil && n.Style != 0 && isNumber(v.Type()):
			problem = "found the text " + show(n.Value) + "; write it without quotes"
		case err != nil:
			problem = "found " + show(n.Value) + "; " + err.Error()
			if doc := l.known[whole(key)].doc; doc != "" && readsText(v.Type()) {
				problem += " (" + doc + ")" // only the type knows what it allows; the text on the setting may say it
			}
		}
	}
	if problem != "" {
		l.wrong(key, source, "%s", problem)
	}
	return problem == ""
}
