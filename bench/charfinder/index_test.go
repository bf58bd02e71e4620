// Package charfinder_test measures the index of characters by name.
package charfinder_test

import (
	"testing"
	"time"

	"example.com/ostov/modules/charfinder"
)

// BenchmarkFind asks the index and reads the first 100 matches, as one page of
// the API does. It fails where a query takes longer than its target.
func BenchmarkFind(b *testing.B) {
	for _, bb := range []struct {
		query   string
		matches int
		target  time.Duration
	}{
		{"rook black", 5, 5 * time.Microsecond},
		{"cjk unified ideograph", 97_098, time.Millisecond},
		{"letter", 10_859, time.Millisecond},
	} {
		b.Run(bb.query, func(b *testing.B) {
			index := charfinder.NewIndex()
			// The first query of a process builds what all indexes share.
			if n := index.Find(bb.query).Len(); n != bb.matches {
				b.Fatalf("Find(%q) has %d matches; want %d", bb.query, n, bb.matches)
			}
			b.ReportAllocs()
			for b.Loop() {
				found := index.Find(bb.query)
				_ = found.Len()
				for range found.Page(0, 100) {
				}
			}
			if each := b.Elapsed() / time.Duration(b.N); each > bb.target {
				b.Errorf("Find(%q) and its first 100: %v; want at most %v", bb.query, each, bb.target)
			}
		})
	}
}
