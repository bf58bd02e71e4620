package charfinder

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/runenames"
)

// The first words of the names that end in the number of the character.
const (
	unified       = "CJK UNIFIED IDEOGRAPH"
	compatibility = "CJK COMPATIBILITY IDEOGRAPH"
)

// Name returns the Unicode name of r, such as BLACK CHESS ROOK; for ideographs
// and Hangul syllables it is the name that the standard derives. Controls,
// surrogates, private use, Tangut ideographs and code points without a
// character have no name: it is empty.
func Name(r rune) string {
	name := indexedName(r)
	if name == unified || name == compatibility {
		return fmt.Sprintf("%s-%X", name, r)
	}
	return name
}

// indexedName returns the name of r without the number that ends the name of an
// ideograph.
func indexedName(r rune) string {
	name := runenames.Name(r)
	switch {
	case strings.HasPrefix(name, "<CJK Ideograph"):
		return unified
	case strings.HasPrefix(name, compatibility):
		return compatibility
	case name == "<Hangul Syllable>":
		return "HANGUL SYLLABLE " + syllable(r)
	case strings.HasPrefix(name, "<"): // another block without names
		return ""
	default:
		return name
	}
}

// syllable returns the Latin letters of r, a Hangul syllable. Syllables are in
// the order of their first, middle and last letters.
func syllable(r rune) string {
	first := [...]string{"G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"}
	middle := [...]string{"A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE", "WI", "YU", "EU", "YI", "I"}
	last := [...]string{
		"", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT",
		"LP", "LH", "M", "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H",
	}
	i := int(r - '가')
	return first[i/len(last)/len(middle)] + middle[i/len(last)%len(middle)] + last[i%len(last)]
}
