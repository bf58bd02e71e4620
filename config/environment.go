package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// environment sets what variables give. Their names are computed from the known
// keys, since a name alone does not say where its section ends.
func (l *loader) environment(environ []string) {
	variables := make(map[string]string)
	for _, entry := range environ {
		if name, value, found := strings.Cut(entry, "="); found && !injected.MatchString(name) {
			variables[name] = value
		}
	}
	for _, s := range l.settings {
		text, given := variables[s.variable]
		variable := s.variable + "_FILE"
		name, inFile := variables[variable]
		inFile = inFile && s.of == reflect.TypeFor[Secret]()
		switch {
		case given && inFile:
			l.wrong(s.key, s.variable, "%s is set too; unset one of them", variable)
		case inFile:
			l.secretFile(s, variable, name)
		case given:
			l.text(s, s.variable, text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if _, known := l.variables[name]; !known {
			l.stranger(name)
		}
	}
}

// secretFile sets the Secret s to the content of the file called name, which
// variable gives.
func (l *loader) secretFile(s setting, variable, name string) {
	content, err := readFile(name)
	text := strings.TrimSpace(string(content))
	switch {
	case err != nil:
		l.wrong(s.key, variable, "the file that it names cannot be read: %v", err)
	case text == "":
		l.wrong(s.key, variable, "the file that it names is empty")
	default:
		l.text(s, variable, text)
	}
}

// stranger reports the variable called name, which no setting has, where it seems
// to be meant for one: it begins with APP_ and a section, or is nearly a known name.
func (l *loader) stranger(name string) {
	upper := strings.ToUpper(name)
	if !strings.HasPrefix(upper, "AP") {
		return // another program's, as most are
	}
	bare := strings.TrimSuffix(upper, "_FILE")
	if _, known := l.variables[bare]; known && bare != upper {
		l.fault("", name, "unknown variable; only a secret can stand in a file: set %s", bare)
		return
	}
	all := slices.Sorted(maps.Keys(l.variables))
	near := nearest(upper, all)
	var section string
	for _, s := range l.children[""] {
		if strings.HasPrefix(upper+"_", "APP_"+strings.ToUpper(s)+"_") {
			section = s
		}
	}
	switch {
	case near != "" && (section != "" || distance(upper, near) <= slips(near)):
		l.fault("", name, "unknown variable; did you mean %s?", near)
	case section != "":
		others := slices.DeleteFunc(all, func(v string) bool { return !strings.HasPrefix(l.variables[v], section+".") })
		l.fault("", name, "unknown variable; those of %s are %s", section, strings.Join(others, ", "))
	}
}
