package charfinder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Finder answers queries and counts how often each word was asked for. It
// counts only words that some name has, so that its memory is bounded whatever
// is asked, and it holds nothing private that people typed. It may be used by
// many goroutines at once.
type Finder struct {
	index *Index

	mu    sync.Mutex
	asked map[string]*int
}

// NewFinder returns a finder that has not been asked anything.
func NewFinder(index *Index) *Finder {
	return &Finder{index: index, asked: make(map[string]*int)}
}

// Find is [Index.Find], and counts each word of query once.
func (f *Finder) Find(query string) Matches {
	matches, known := f.index.find(query)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, word := range known {
		if count := f.asked[word]; count != nil {
			*count++
		} else {
			f.asked[strings.Clone(word)] = new(1) // a key that is a part of the query would keep all of it in memory
		}
	}
	return matches
}

// WordCount is how often a word was asked for.
type WordCount struct {
	Word  string `json:"word" example:"ROOK"`
	Count int    `json:"count" example:"2"`
}

// String returns the count and the word as one line of a report.
func (w WordCount) String() string {
	return fmt.Sprintf("%5d %s", w.Count, w.Word)
}

// TopWords returns the words most asked for, at most limit of them: the most
// asked first, those asked equally often in alphabetical order.
func (f *Finder) TopWords(limit int) []WordCount {
	f.mu.Lock()
	words := make([]WordCount, 0, len(f.asked))
	for word, count := range f.asked {
		words = append(words, WordCount{word, *count})
	}
	f.mu.Unlock()
	slices.SortFunc(words, func(a, b WordCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word))
	})
	return words[:min(limit, len(words))]
}
