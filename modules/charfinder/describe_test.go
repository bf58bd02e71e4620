package charfinder_test

import (
	"testing"

	"example.com/ostov/modules/charfinder"
)

// Contract B118. What Python 3.12 prints for repr.
func TestQuoteIsPythonsRepr(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, text, want string
	}{
		{"nothing", "", `''`},
		{"words", "rook black", `'rook black'`},
		{"single quote", `it's`, `"it's"`},
		{"only a single quote", `'`, `"'"`},
		{"double quotes", `say "hi"`, `'say "hi"'`},
		{"both", `it's "x"`, `'it\'s "x"'`},
		{"backslash", `a\b`, `'a\\b'`},
		{"line ends and tab", "a\nb\rc\td", `'a\nb\rc\td'`},
		{"other controls", "\x00\a\x1b\x7f\u0085", `'\x00\x07\x1b\x7f\x85'`},
		{"no-break space and soft hyphen", "\u00a0x\u00ad", `'\xa0x\xad'`},
		{"zero-width space", "\u200b", `'\u200b'`},
		{"line separator", "\u2028", `'\u2028'`},
		{"ideographic space", "\u3000", `'\u3000'`},
		{"byte order mark", "\ufeff", `'\ufeff'`},
		{"private use", "\ue000", `'\ue000'`},
		{"unassigned", "\u0378", `'\u0378'`},
		{"tag", "\U000e0001", `'\U000e0001'`},
		{"last code point", "\U0010ffff", `'\U0010ffff'`},
		{"letter, mark and emoji stay", "éx\u0301😀", "'éx\u0301😀'"},
		{"markup stays", "<script>", `'<script>'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got := charfinder.Quote(tt.text); got != tt.want {
				t.Errorf("Quote(%q) = %s; want %s", tt.text, got, tt.want)
			}
		})
	}
}
