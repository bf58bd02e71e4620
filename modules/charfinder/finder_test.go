package charfinder_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"example.com/ostov/modules/charfinder"
)

func newFinder() *charfinder.Finder { return charfinder.NewFinder(charfinder.NewIndex()) }

func TestTopWordsCountsWhatWasAsked(t *testing.T) {
	t.Parallel()

	finder := newFinder()
	if top := finder.TopWords(20); len(top) != 0 {
		t.Errorf("TopWords = %v before any query; want none", top)
	}
	for _, query := range []string{"rook", "black rook", "Rook ROOK rook", "black knight", "euro letter", "qwertyuiop rook", "-"} {
		finder.Find(query)
	}
	want := "[    4 ROOK     2 BLACK     1 EURO     1 KNIGHT     1 LETTER]"
	if got := fmt.Sprint(finder.TopWords(20)); got != want {
		t.Errorf("TopWords(20) = %s; want %s: known words, once a query, by count, then by word", got, want)
	}
	if got, want := fmt.Sprint(finder.TopWords(2)), "[    4 ROOK     2 BLACK]"; got != want {
		t.Errorf("TopWords(2) = %s; want %s", got, want)
	}
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()

	finder := newFinder()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				finder.Find("rook")
				finder.TopWords(1)
			}
		})
	}
	wg.Wait()
	if got, want := fmt.Sprint(finder.TopWords(1)), "[ 8000 ROOK]"; got != want {
		t.Errorf("TopWords(1) = %s; want %s", got, want)
	}
}

func TestUnknownWordsAreNotKept(t *testing.T) {
	t.Parallel()

	finder := newFinder()
	for i := range 100_000 {
		finder.Find(fmt.Sprintf("flood%d", i))
	}
	if top := finder.TopWords(20); len(top) != 0 {
		t.Errorf("TopWords = %v after unknown words only; want none", top)
	}
}

// A counted word that is a part of its query would keep all of it alive.
func TestCountsDoNotKeepQueries(t *testing.T) { // not parallel: it measures the heap
	const words, size = 1000, 64 << 10

	finder := newFinder()
	before := heap()
	asked := 0
	for word := range charfinder.BuildWords() {
		for range 2 {
			finder.Find(word + strings.Repeat(" ", size))
		}
		if asked++; asked == words {
			break
		}
	}
	if grown := heap() - before; grown > words*size/10 {
		t.Errorf("%d words asked for in queries of %d bytes hold %d bytes", words, size, grown)
	}
	runtime.KeepAlive(finder)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
