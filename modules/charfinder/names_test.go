package charfinder_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/runenames"

	"example.com/ostov/modules/charfinder"
)

// needUnicode15 skips a test that counts characters where Go has come to know
// more of them than the reference.
func needUnicode15(t *testing.T) {
	t.Helper()
	if runenames.UnicodeVersion != "15.0.0" {
		t.Skipf("the reference is Unicode 15.0.0, this Go has the names of %s", runenames.UnicodeVersion)
	}
}

func TestName(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		r    rune
		want string
	}{
		{"explicit", '♜', "BLACK CHESS ROOK"},
		{"first that has one", ' ', "SPACE"},
		{"first of the ideographs", '一', "CJK UNIFIED IDEOGRAPH-4E00"},
		{"ideograph of five digits", 0x323AF, "CJK UNIFIED IDEOGRAPH-323AF"},
		{"compatibility ideograph", 0xF900, "CJK COMPATIBILITY IDEOGRAPH-F900"},
		{"compatibility ideograph of five digits", 0x2FA1D, "CJK COMPATIBILITY IDEOGRAPH-2FA1D"},
		{"first Hangul syllable", '가', "HANGUL SYLLABLE GA"},
		{"Hangul syllable of three letters", '각', "HANGUL SYLLABLE GAG"},
		{"Hangul syllable without a first letter", '아', "HANGUL SYLLABLE A"},
		{"last Hangul syllable", '힣', "HANGUL SYLLABLE HIH"},
		{"far from the others", 0xE01EF, "VARIATION SELECTOR-256"},
		{"control", '\n', ""},
		{"delete", 0x7F, ""},
		{"surrogate", 0xD800, ""},
		{"private use", 0xE000, ""},
		{"private use in plane 16", 0x10FFFD, ""},
		{"Tangut ideograph", 0x17000, ""},
		{"unassigned", 0x378, ""},
		{"no code point", unicode.MaxRune + 1, ""},
		{"negative", -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got := charfinder.Name(tt.r); got != tt.want {
				t.Errorf("Name(%#x) = %q; want %q", tt.r, got, tt.want)
			}
		})
	}
}

// Contract B116. The sum is that of the lines
// f"{i:04X} {unicodedata.name(chr(i))}\n" of Python 3.12, for every i that has a
// name.
func TestEveryNameIsThatOfPython(t *testing.T) {
	t.Parallel()
	needUnicode15(t)

	const want = "143041 75107d440241fe20415900912688bcf92e04d371903dc255a8890182f02f0a81"
	sum, count := sha256.New(), 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if name := charfinder.Name(r); name != "" {
			sum.Write(fmt.Appendf(nil, "%04X %s\n", r, name))
			count++
		}
	}
	if got := fmt.Sprintf("%d %x", count, sum.Sum(nil)); got != want {
		t.Errorf("number and SHA-256 of all names: %s; want %s", got, want)
	}
}
