package charfinder_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/ostov/modules/charfinder"
)

// Contract B117.
func TestFindCounts(t *testing.T) {
	t.Parallel()
	needUnicode15(t)

	tests := []struct {
		query string
		want  int
	}{
		{"registered", 1},
		{"bismillah", 1},
		{"rook", 14},
		{"rook black", 5},
		{"chess", 96},
		{"cat face", 10},
		{"letter", 10859},
		{"braille", 256},
		{"malayalam", 129},
		{"cjk unified ideograph", 97098},
		{"cjk compatibility ideograph", 1014},
		{"hangul syllable", 11172},
		{"hangul syllable ga", 1},
		{"no such character", 0},
		{"ß", 4},
		{"ﬁ", 11},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			t.Parallel()

			matches := charfinder.NewIndex().Find(tt.query)
			if got := matches.Len(); got != tt.want {
				t.Errorf("Find(%q) finds %d; want %d", tt.query, got, tt.want)
			}
			all := slices.Collect(matches.All())
			if len(all) != matches.Len() {
				t.Errorf("All yields %d of %d matches", len(all), matches.Len())
			}
			if !slices.IsSorted(all) {
				t.Errorf("All of %q is not in code point order", tt.query)
			}
		})
	}
}

// Contract B117.
func TestFind(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, query, want string
	}{
		{"one word", "registered", "®"},
		{"one word, as currency", "bismillah", "﷽"},
		{"all words", "rook black", "♜🨑🨦🨻🩒"},
		{"any order and case", "BLACK Rook", "♜🨑🨦🨻🩒"},
		{"a word twice", "rook black rook", "♜🨑🨦🨻🩒"},
		{"punctuation between words", "rook-black!", "♜🨑🨦🨻🩒"},
		{"Euro letter", "Euro letter", ""},
		{"sign dollar", "sign dollar small", "﹩"},
		{"a Hangul syllable", "hangul syllable ga", "가"},
		{"part of a word", "regist", ""},
		{"one unknown word", "letter qwertyuiop", ""},
		{"ideographs are not found by their number", "4E01", ""},
		{"but others are", "256 variation selector", "\U000E01EF"},
		{"no word", "-", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got := string(slices.Collect(charfinder.NewIndex().Find(tt.query).All())); got != tt.want {
				t.Errorf("Find(%q) = %q; want %q", tt.query, got, tt.want)
			}
		})
	}
}

// Contract B116.
func TestIndexHasTheWordsOfPythons(t *testing.T) {
	t.Parallel()
	needUnicode15(t)

	if got, want := len(charfinder.BuildWords()), 23053; got != want {
		t.Errorf("the index has %d words; want %d", got, want)
	}
}

// Each character is found by each word of its name, and by no other word: what
// the spans of the index hide must be what a plain map would have.
func TestIndexEqualsAMapOfWords(t *testing.T) {
	t.Parallel()

	want := map[string][]rune{}
	for r := rune(0); r <= 0x10FFFE; r++ {
		name := charfinder.Name(r)
		if head, _, found := strings.Cut(name, " IDEOGRAPH-"); found {
			switch head {
			case "CJK UNIFIED", "CJK COMPATIBILITY":
				name = head + " IDEOGRAPH"
			}
		}
		for _, word := range charfinder.Tokens(name) {
			want[word] = append(want[word], r)
		}
	}
	index := charfinder.NewIndex()
	if got := len(charfinder.BuildWords()); got != len(want) {
		t.Errorf("the index has %d words; want %d", got, len(want))
	}
	for word, runes := range want {
		if got := slices.Collect(index.Find(word).All()); !slices.Equal(got, runes) {
			t.Errorf("Find(%q) finds %d characters; want %d", word, len(got), len(runes))
		}
	}
}

// Contract B117.
func TestPage(t *testing.T) {
	t.Parallel()

	ideographs := charfinder.NewIndex().Find("cjk unified ideograph")
	tests := []struct {
		name          string
		matches       charfinder.Matches
		offset, limit int
		want          string
	}{
		{"first", charfinder.NewIndex().Find("rook black"), 0, 1, "♜"},
		{"second and third", charfinder.NewIndex().Find("rook black"), 1, 2, "🨑🨦"},
		{"more than there are", charfinder.NewIndex().Find("rook black"), 3, 1000, "🨻🩒"},
		{"after the last", charfinder.NewIndex().Find("rook black"), 5, 1000, ""},
		{"far after the last", charfinder.NewIndex().Find("rook black"), 1 << 62, 1 << 62, ""},
		{"none", charfinder.NewIndex().Find("rook black"), 0, 0, ""},
		{"of no matches", charfinder.Matches{}, 0, 10, ""},
		{"inside a run", ideographs, 1, 2, "㐁㐂"},
		{"across two runs", ideographs, 6591, 2, "䶿一"},
		{"the last", ideographs, ideographs.Len() - 1, 5, "\U000323AF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			page := tt.matches.Page(tt.offset, tt.limit)
			for _, pass := range []string{"first", "second"} { // a sequence may be read again
				if got := string(slices.Collect(page)); got != tt.want {
					t.Errorf("Page(%d, %d) = %q at the %s reading; want %q", tt.offset, tt.limit, got, pass, tt.want)
				}
			}
		})
	}
}

func ExampleIndex_Find() {
	matches := charfinder.NewIndex().Find("chess black rook")
	fmt.Println(matches.Len())
	for r := range matches.All() {
		fmt.Println(charfinder.Describe(r).Name)
	}
	// Output:
	// 5
	// BLACK CHESS ROOK
	// BLACK CHESS ROOK ROTATED NINETY DEGREES
	// BLACK CHESS TURNED ROOK
	// BLACK CHESS ROOK ROTATED TWO HUNDRED SEVENTY DEGREES
	// BLACK CHESS KNIGHT-ROOK
}

func BenchmarkBuildWords(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		charfinder.BuildWords()
	}
}
