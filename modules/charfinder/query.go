package charfinder

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// strip returns s without the white space around it, which includes the four
// separators U+001C to U+001F.
func strip(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || 0x1C <= r && r <= 0x1F
	})
}

// tokens returns the words of s in upper case, sorted, each once. A word is a
// run of letters, numbers and underscores.
func tokens(s string) []string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_'
	})
	upper := cases.Upper(language.Und) // strings.ToUpper would not make ß SS
	for i, word := range words {
		words[i] = upper.String(word)
	}
	slices.Sort(words)
	return slices.Compact(words)
}
