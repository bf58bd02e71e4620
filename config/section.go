package config

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	keyName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

	// injected are the variables that Kubernetes sets in every container for each
	// service of its namespace.
	injected = regexp.MustCompile(`(_SERVICE_HOST|_PORT)$|_SERVICE_PORT|_PORT_[0-9]+_(TCP|UDP|SCTP)`)
)

// Section is one part of the configuration: a name and a struct of defaults.
type Section struct {
	name     string
	defaults reflect.Value
}

// NewSection returns the section called name whose settings are the fields of T, a
// struct, with defaults for those that no source gives. What does not fit is
// reported by [Load].
func NewSection[T any](name string, defaults T) Section {
	return Section{name: name, defaults: copied(reflect.ValueOf(&defaults).Elem())}
}

// setting is one key: a field of a section's struct, or of a struct in it.
type setting struct {
	key      string // http.tls.certificate
	variable string // APP_HTTP_TLS_CERTIFICATE
	doc      string
	section  string
	index    []int // of the field in the section's struct
	of       reflect.Type
}

// schema is what the sections allow.
type schema struct {
	sections  []Section           // app first, the others by name
	settings  []setting           // in the order of the sections and their fields
	known     map[string]setting  // by key
	children  map[string][]string // the names below a key that is no setting; the sections are below ""
	variables map[string]string   // the key that a variable belongs to
	rejected  []Fault
}

// newSchema returns the schema of the sections, or what is wrong with them.
func newSchema(sections []Section) (*schema, error) {
	s := &schema{
		sections:  slices.Clone(sections),
		known:     make(map[string]setting),
		children:  make(map[string][]string),
		variables: make(map[string]string),
	}
	slices.SortStableFunc(s.sections, func(a, b Section) int {
		switch {
		case a.name == b.name:
			return 0
		case a.name == "app":
			return -1
		case b.name == "app":
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	for _, section := range s.sections {
		name, t := section.name, section.defaults.Type()
		at := setting{key: name, variable: "APP_" + strings.ToUpper(name), section: name}
		if name == "app" {
			at.variable = "APP"
		}
		switch {
		case !keyName.MatchString(name):
			s.reject(name, "%q cannot name the section of %v: write small letters, digits and _", name, t)
		case slices.Contains(s.children[""], name):
			s.reject(name, "there are two sections of this name; one is of %v", t)
		case !isGroup(t):
			s.reject(name, "%v is not a struct with keys", t)
		default:
			s.children[""] = append(s.children[""], name)
			s.add(t, at)
		}
	}
	if s.rejected != nil {
		return nil, &Error{Faults: s.rejected, program: true}
	}
	return s, nil
}

// reject notes what is wrong with the program at key.
func (s *schema) reject(key, format string, args ...any) {
	s.rejected = append(s.rejected, Fault{Key: key, Problem: fmt.Sprintf(format, args...)})
}

// add adds the fields of the struct type t, which stands at parent.
func (s *schema) add(t reflect.Type, parent setting) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := yamlName(f)
		if !f.IsExported() || name == "-" {
			continue
		}
		at := setting{
			key:      join(parent.key, name),
			variable: parent.variable + "_" + strings.ToUpper(name),
			doc:      f.Tag.Get("doc"),
			section:  parent.section,
			index:    append(slices.Clone(parent.index), i),
			of:       f.Type,
		}
		switch {
		case !keyName.MatchString(name):
			s.reject(parent.key, `field %s of %v needs a tag such as yaml:"drain_timeout", or yaml:"-"`, f.Name, t)
			continue
		case slices.Contains(s.children[parent.key], name):
			s.reject(at.key, "two fields of %v have this name", t)
		case isGroup(f.Type):
			s.add(f.Type, at)
		case isScalar(f.Type), isList(f.Type):
			s.settings, s.known[at.key] = append(s.settings, at), at
			s.claim(at.variable, at.key)
			if f.Type == reflect.TypeFor[Secret]() {
				s.claim(at.variable+"_FILE", at.key)
			}
		default:
			s.reject(at.key, "a value of type %v cannot be read: let it implement encoding.TextUnmarshaler", f.Type)
		}
		s.children[parent.key] = append(s.children[parent.key], name)
	}
}

// claim reports where the variable of key is not that of key alone.
func (s *schema) claim(variable, key string) {
	if other, taken := s.variables[variable]; taken {
		s.reject(key, "its variable %s is that of %s too: name one of them otherwise", variable, other)
	}
	if injected.MatchString(variable) {
		s.reject(key, "its variable %s is one that Kubernetes sets for a service: name it otherwise", variable)
	}
	s.variables[variable] = key
}

// join returns the key of name below parent.
func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// readsText reports whether values of t read themselves from text.
func readsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// isGroup reports whether t is a struct whose fields are settings.
func isGroup(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Secret]() && !readsText(t)
}

// isNumber reports whether t is a number or a bool, which YAML writes without quotes.
func isNumber(t reflect.Type) bool {
	number := t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64 && t.Kind() != reflect.Uintptr
	return number && t != reflect.TypeFor[time.Duration]() && !readsText(t)
}

// isScalar reports whether a value of t is one text.
func isScalar(t reflect.Type) bool {
	return t.Kind() == reflect.String || isNumber(t) || readsText(t) ||
		t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[Secret]()
}

// isList reports whether a value of t is a list of texts.
func isList(t reflect.Type) bool {
	return !readsText(t) && t.Kind() == reflect.Slice && isScalar(t.Elem())
}

// hides reports whether a setting of type t is a Secret or a list of them.
func hides(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || isList(t) && t.Elem() == reflect.TypeFor[Secret]()
}

// copied returns a copy of v that shares no list and no map with it. A type that
// reads itself from text is copied by assignment.
func copied(v reflect.Value) reflect.Value {
	dst := reflect.New(v.Type()).Elem()
	dst.Set(v)
	switch {
	case readsText(v.Type()):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				dst.Field(i).Set(copied(v.Field(i)))
			}
		}
	case v.Kind() == reflect.Slice && !v.IsNil():
		dst.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			dst.Index(i).Set(copied(v.Index(i)))
		}
	case v.Kind() == reflect.Map && !v.IsNil():
		dst.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, value := range v.Seq2() {
			dst.SetMapIndex(key, copied(value))
		}
	}
	return dst
}
