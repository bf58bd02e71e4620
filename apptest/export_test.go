package apptest

import (
	"slices"
	"testing"

	"go.uber.org/fx"
)

// ConformTo is Conform by the named rules alone, after that of the start.
func ConformTo(t testing.TB, names []string, options ...fx.Option) {
	t.Helper()
	var some []rule
	for _, r := range rules() {
		if r.name == "start" || slices.Contains(names, r.name) {
			some = append(some, r)
		}
	}
	conform(t, some, options)
}
