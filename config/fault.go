package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSections is what an [Error] is (by [errors.Is]) where the fault is the
// program's: its sections do not fit together, or have a field that cannot be read.
// No user can mend that by configuration.
var ErrSections = errors.New("the sections of the program do not fit together")

// Fault is one thing that is wrong. No part of it holds the value of a [Secret].
type Fault struct {
	// Key is the setting, such as http.address, as far as it is known. It is empty
	// where the fault is not that of one setting.
	Key string `json:"key,omitempty"`

	// Source is where it stands: "app.yaml:3", a variable, "--set http.address" or
	// "default". It is empty where a section as a whole is refused.
	Source string `json:"source,omitempty"`

	// Problem says what was found and what is allowed, in one line.
	Problem string `json:"problem"`
}

// String returns the fault in one line: source, key, problem.
func (f Fault) String() string {
	var b strings.Builder
	for _, part := range []string{f.Source, f.Key} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String() + f.Problem
}

// Error is everything that is wrong with a configuration.
type Error struct {
	// Faults are in a stable order: those of the files as read, of the environment
	// by key, of --set as given, then of the values by key.
	Faults []Fault `json:"faults"`

	program bool
}

// Error returns a line that says how many faults there are and what to do, and a
// line for each.
func (e *Error) Error() string {
	what := "1 fault; correct it and start again:"
	if len(e.Faults) != 1 {
		what = fmt.Sprintf("%d faults; correct them and start again:", len(e.Faults))
	}
	if e.program {
		what = fmt.Sprintf("%v; correct the code:", ErrSections)
	}
	var b strings.Builder
	b.WriteString("configuration: " + what)
	for _, f := range e.Faults {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// Is reports whether target is [ErrSections] and the fault is the program's.
func (e *Error) Is(target error) bool { return e.program && target == ErrSections }

// show returns what was found as a message may quote it.
func show(text string) string { return strconv.Quote(short(text)) }

// short returns text, or its beginning where it is long.
func short(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// line returns text in one line, without what would move the cursor of a terminal.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, strings.ReplaceAll(text, "\n", "; "))
}
