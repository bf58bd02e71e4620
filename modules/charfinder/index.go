package charfinder

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Index finds characters by the words of their names. It may be used by many
// goroutines at once.
type Index struct {
	words func() map[string][]span // the characters that have the word
}

// NewIndex returns the index of all characters that have a name. It is cheap:
// what all indexes share is built by the first query in the process.
func NewIndex() *Index {
	return &Index{words: sharedWords}
}

// sharedWords takes some 15 ms, once in a process: a query can wait for that, a
// start cannot.
var sharedWords = sync.OnceValue(buildWords) //nolint:gochecknoglobals // what it returns never changes

// Find returns the characters whose names have every word of query. The words
// may come in any order and case. It finds none where a word is unknown or
// query has no word.
func (x *Index) Find(query string) Matches {
	matches, _ := x.find(query)
	return matches
}

// find is [Index.Find] that also returns which words of query some name has.
func (x *Index) find(query string) (matches Matches, known []string) {
	asked := tokens(query)
	var found [][]span
	for _, word := range asked {
		if spans, ok := x.words()[word]; ok {
			known = append(known, word)
			found = append(found, spans)
		}
	}
	if len(asked) == 0 || len(known) < len(asked) {
		return Matches{}, known
	}
	slices.SortFunc(found, func(a, b []span) int { return cmp.Compare(len(a), len(b)) })
	spans := found[0]
	for _, others := range found[1:] {
		spans = intersect(spans, others)
	}
	return newMatches(spans), known
}

// buildWords returns the characters of each word, in spans that are ascending
// and do not touch. Characters in a row that are found by the same words, as
// ideographs are, cost no more than one.
func buildWords() map[string][]span {
	words := make(map[string][]span, 1<<15)
	add := func(name string, s span) {
		for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == ' ' || r == '-' }) {
			spans := words[word]
			if last := len(spans) - 1; last >= 0 && spans[last].hi >= s.lo-1 {
				spans[last].hi = s.hi
			} else {
				words[word] = append(spans, s)
			}
		}
	}
	for _, part := range [...]span{{' ', 0x3FFFF}, {0xE0000, 0xE0FFF}} { // no other part of Unicode has names
		run, name := span{part.lo, part.lo}, indexedName(part.lo)
		for r := part.lo + 1; r <= part.hi; r++ {
			if next := indexedName(r); next != name {
				add(name, run)
				run, name = span{lo: r}, next
			}
			run.hi = r
		}
		add(name, run)
	}
	return words
}
