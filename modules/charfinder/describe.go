package charfinder

import (
	"fmt"
	"strings"
	"unicode"
)

// Char tells about one character.
type Char struct {
	Code string `json:"code" example:"U+265C" doc:"Code point, in four hexadecimal digits or more"`
	Char string `json:"char" example:"♜" doc:"The character itself"`
	Name string `json:"name" example:"BLACK CHESS ROOK" doc:"Its name in Unicode"` // see [Name]
}

// Describe returns what there is to tell about r.
func Describe(r rune) Char {
	return Char{Code: fmt.Sprintf("U+%04X", r), Char: string(r), Name: Name(r)}
}

// String returns c as one line of text, tabs between its fields.
func (c Char) String() string {
	return fmt.Sprintf("%-7s\t%s\t%s", c.Code, c.Char, c.Name)
}

// Status says how many characters query found: "5 matches for 'rook black'".
func Status(query string, count int) string {
	switch count {
	case 0:
		return "No match for " + quote(query)
	case 1:
		return "1 match for " + quote(query)
	default:
		return fmt.Sprintf("%d matches for %s", count, quote(query))
	}
}

// quote returns s in quotes and printable, as Python's repr does. Double quotes
// stand around a text that has single ones only.
func quote(s string) string {
	mark := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	var b strings.Builder
	b.WriteRune(mark)
	for _, r := range s {
		switch {
		case r == mark || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(mark)
	return b.String()
}
