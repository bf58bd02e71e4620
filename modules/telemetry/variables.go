package telemetry

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/ostov/config"
)

// variables are the OTEL_ variables of an application, and what is wrong with
// those that were asked for. One that is empty is as good as none, as
// OpenTelemetry wants it.
type variables struct {
	values map[string]string
	faults []config.Fault
}

func newVariables(environ []string) *variables {
	v := &variables{values: make(map[string]string)}
	for _, e := range environ {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "OTEL_") {
			v.values[name] = strings.TrimSpace(value)
		}
	}
	return v
}

// otlp returns the first that is set of the two variables of an exporter's
// option: the one for traces and the one for all signals.
func (v *variables) otlp(option string) (name, value string) {
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"} {
		if name = prefix + option; v.values[name] != "" {
			break
		}
	}
	return name, v.values[name]
}

// number returns the variable called name, or what it is by default.
func (v *variables) number(name string, byDefault int) int {
	text := v.values[name]
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		v.reject(name, "%q is no number above 0", text)
		return byDefault
	}
	return n
}

// millis returns the variable called name, in milliseconds as all of them are.
func (v *variables) millis(name string, byDefault int) time.Duration {
	return time.Duration(v.number(name, byDefault)) * time.Millisecond
}

// pairs calls each for the name=value pairs of a variable, whose values are
// escaped as in a URL. Of a secret one no fault shows a part.
func (v *variables) pairs(name string, secret bool, each func(key, value string)) {
	for pair := range strings.SplitSeq(v.values[name], ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if found && err == nil {
			each(strings.TrimSpace(key), value)
			continue
		}
		part := strconv.Quote(pair)
		if secret {
			part = "a part of it"
		}
		v.reject(name, "%s is not name=value, with the value escaped as in a URL", part)
	}
}

func (v *variables) reject(name, format string, args ...any) {
	v.faults = append(v.faults, config.Fault{Source: name, Problem: fmt.Sprintf(format, args...)})
}

// err returns what is wrong with the variables.
func (v *variables) err() error {
	if v.faults == nil {
		return nil
	}
	return &config.Error{Faults: v.faults}
}
