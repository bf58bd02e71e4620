package charfinder_test

import (
	"slices"
	"testing"
	"unicode"

	"example.com/ostov/modules/charfinder"
)

// Contract B115.
func TestTokens(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, text string
		want       []string
	}{
		{"hyphen separates", "a-b", []string{"A", "B"}},
		{"letter with an accent", "café", []string{"CAFÉ"}},
		{"combining mark separates", "cafe\u0301s", []string{"CAFE", "S"}},
		{"underscore is a part", "rook_black", []string{"ROOK_BLACK"}},
		{"apostrophe separates", "don't", []string{"DON", "T"}},
		{"superscript digit is a number", "x²", []string{"X²"}},
		{"Roman numeral is a number", "ⅷ", []string{"Ⅷ"}},
		{"digits of another script", "१२", []string{"१२"}},
		{"format character separates", "a\u200bb", []string{"A", "B"}},
		{"sharp s is two letters", "ß", []string{"SS"}},
		{"ligature is two letters", "ﬁ", []string{"FI"}},
		{"the mark that upper case adds stays", "ǰ", []string{"J\u030c"}},
		{"sorted, each once", "rook Black ROOK", []string{"BLACK", "ROOK"}},
		{"no word", " -'!", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got := charfinder.Tokens(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("Tokens(%q) = %q; want %q", tt.text, got, tt.want)
			}
		})
	}
}

// Contract B120.
func TestStripRemovesPythonsWhiteSpace(t *testing.T) {
	t.Parallel()

	var spaces []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if charfinder.Strip(string(r)) == "" {
			spaces = append(spaces, r)
		}
	}
	want := []rune("\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000")
	if !slices.Equal(spaces, want) {
		t.Errorf("stripped are %U; want %U", spaces, want)
	}
	if got, want := charfinder.Strip("\u3000\x1c rook\x1fblack\n\x00 "), "rook\x1fblack\n\x00"; got != want {
		t.Errorf("Strip leaves %q; want %q: only what stands around the text goes", got, want)
	}
}
