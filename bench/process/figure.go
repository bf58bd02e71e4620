package main

import (
	"fmt"
	"strings"
)

// figure is a thing that was measured. Without a target it is there for
// comparison.
type figure struct {
	what          string
	value, target float64
	unit          string
}

func (f figure) missed() bool { return f.target > 0 && f.value > f.target }

// table returns the figures as a Markdown table.
func table(figures []figure) string {
	var b strings.Builder
	b.WriteString("| what | figure | target |\n| --- | ---: | ---: |\n")
	for _, f := range figures {
		target := ""
		if f.target > 0 {
			target = fmt.Sprintf("%g %s", f.target, f.unit)
		}
		if f.missed() {
			target += ", missed"
		}
		fmt.Fprintf(&b, "| %s | %.1f %s | %s |\n", f.what, f.value, f.unit, target)
	}
	return b.String()
}

// missed returns what is above its target.
func missed(figures []figure) []string {
	var missed []string
	for _, f := range figures {
		if f.missed() {
			missed = append(missed, f.what)
		}
	}
	return missed
}
