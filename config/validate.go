package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// invalid is what [Invalid] returns.
type invalid struct{ key, problem string }

func (e *invalid) Error() string { return e.key + ": " + e.problem }

// Invalid returns the error of a Validate method that refuses the value of key, a
// key of its section such as "address" or "tls.certificate". The text says what is
// allowed; where the value comes from, and what it is unless it is a [Secret], is
// added by [Load]. Several errors are joined by [errors.Join].
func Invalid(key, format string, args ...any) error {
	return &invalid{key: key, problem: fmt.Sprintf(format, args...)}
}

// validate checks the values by their tags and by the method Validate of their
// sections.
func (l *loader) validate() error {
	check := validator.New(validator.WithRequiredStructEnabled())
	check.RegisterTagNameFunc(yamlName)
	check.RegisterCustomTypeFunc(func(v reflect.Value) any { return v.Interface().(Secret).Reveal() }, Secret{})
	for _, s := range l.sections {
		section := l.values[s.name].Addr().Interface()
		refused, err := tags(check, section)
		if err != nil {
			return &Error{program: true, Faults: []Fault{{Key: s.name, Problem: err.Error()}}}
		}
		for _, r := range refused {
			path := strings.TrimPrefix(r.Namespace(), l.values[s.name].Type().Name()+".")
			l.refuse(join(s.name, path), rule(r), reflect.ValueOf(r.Value()))
		}
		if v, ok := section.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				l.refuseAll(s.name, err)
			}
		}
	}
	return nil
}

// tags returns what the tags of section refuse. The error is a tag that cannot be
// applied, for which the validator panics.
func tags(check *validator.Validate, section any) (refused validator.ValidationErrors, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a tag validate of %T cannot be applied: %v", section, p)
		}
	}()
	refused, _ = errors.AsType[validator.ValidationErrors](check.Struct(section))
	return refused, nil
}

// refuseAll reports the error of the Validate method of a section.
func (l *loader) refuseAll(section string, err error) {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		for _, err := range joined.Unwrap() {
			l.refuseAll(section, err)
		}
		return
	}
	of, ok := errors.AsType[*invalid](err)
	if !ok {
		l.fault(section, "", "%s", l.withoutSecrets(err.Error()))
		return
	}
	key := join(section, of.key)
	var found reflect.Value
	if s, known := l.known[whole(key)]; known {
		found = l.of(s)
	}
	l.refuse(key, l.withoutSecrets(of.problem), found)
}

// refuse reports that the value found at key is not allowed. A setting that could
// not be read holds an earlier value, which nobody asked to judge.
func (l *loader) refuse(key, problem string, found reflect.Value) {
	s, known := l.known[whole(key)]
	source, given := l.source(s.key)
	switch {
	case l.unread[s.key]:
		return
	case !known: // a slip of the section's author
		source = ""
	case !given && found.IsZero():
		problem = fmt.Sprintf("%s: write it in a file, or set %s", problem, s.variable)
	case !hides(s.of):
		problem = "found " + short(yamlText(found)) + "; " + problem
	}
	l.fault(key, source, "%s", problem)
}

// rule says what the tag that refused a value allows.
func rule(r validator.FieldError) string {
	must, unit := "it must be ", ""
	switch r.Kind() {
	case reflect.String:
		must, unit = "it must have ", " characters"
	case reflect.Slice:
		must, unit = "it must have ", " elements"
	}
	switch r.ActualTag() {
	case "required":
		return "a value is required"
	case "oneof":
		return "it must be one of " + strings.Join(strings.Fields(r.Param()), ", ")
	case "len":
		return must + r.Param() + unit
	case "min", "gte":
		return must + r.Param() + " or more" + unit
	case "max", "lte":
		return must + "at most " + r.Param() + unit
	case "gt":
		return must + "more than " + r.Param() + unit
	case "lt":
		return must + "less than " + r.Param() + unit
	}
	return "it must pass the rule " + strings.TrimSuffix(r.ActualTag()+"="+r.Param(), "=")
}

// withoutSecrets returns the text of an error unless it quotes a secret that is
// loaded, as one of url.Parse does. Then nothing of it is safe: that text says which
// part of the secret it stumbled on, too.
func (l *loader) withoutSecrets(text string) string {
	for _, s := range l.settings {
		if hides(s.of) && quotes(text, l.of(s)) {
			return "it is refused, with a text that quotes a secret and is left out for that reason"
		}
	}
	return text
}

// quotes reports whether text holds the secret v, or one of the secrets of the list v.
func quotes(text string, v reflect.Value) bool {
	if secret, ok := v.Interface().(Secret); ok {
		quoted := strings.Trim(strconv.Quote(secret.Reveal()), `"`)
		return quoted != "" && (strings.Contains(text, secret.Reveal()) || strings.Contains(text, quoted))
	}
	for i := range v.Len() {
		if quotes(text, v.Index(i)) {
			return true
		}
	}
	return false
}
