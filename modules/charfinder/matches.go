package charfinder

import "iter"

// Matches are the characters that a query found, in code point order.
type Matches struct {
	spans []span // ascending, apart
	count int
}

// span is the characters from lo to hi, both included.
type span struct{ lo, hi rune }

func (s span) len() int { return int(s.hi-s.lo) + 1 }

func newMatches(spans []span) Matches {
	m := Matches{spans: spans}
	for _, s := range spans {
		m.count += s.len()
	}
	return m
}

// Len returns the number of matches.
func (m Matches) Len() int { return m.count }

// All yields every match.
func (m Matches) All() iter.Seq[rune] { return m.Page(0, m.count) }

// Page yields the matches after the first offset ones, at most limit of them.
// Neither may be negative; both may exceed the number of matches.
func (m Matches) Page(offset, limit int) iter.Seq[rune] {
	return func(yield func(rune) bool) {
		skip, left := offset, limit
		for _, s := range m.spans {
			if skip >= s.len() {
				skip -= s.len()
				continue
			}
			for r := s.lo + rune(skip); r <= s.hi; r++ {
				if left == 0 || !yield(r) {
					return
				}
				left--
			}
			skip = 0
		}
	}
}

// intersect returns what is in both a and b.
func intersect(a, b []span) []span {
	var both []span
	for len(a) > 0 && len(b) > 0 {
		if s := (span{max(a[0].lo, b[0].lo), min(a[0].hi, b[0].hi)}); s.lo <= s.hi {
			both = append(both, s)
		}
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}
