package charfinder_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.uber.org/zap"

	"example.com/ostov/modules/charfinder"
	"example.com/ostov/modules/tcp"
)

// answer returns the bytes and the error that a line is answered with.
func answer(t *testing.T, line string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := charfinder.NewLineServer(newFinder(), zap.NewNop()).Answer(t.Context(), []byte(line), &out)
	return out.String(), err
}

// Contract B118, B119, B120.
func TestLinesAreAnswered(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, line, want string
	}{
		{
			"matches", "rook black",
			"U+265C \t♜\tBLACK CHESS ROOK\r\n" +
				"U+1FA11\t🨑\tBLACK CHESS ROOK ROTATED NINETY DEGREES\r\n" +
				"U+1FA26\t🨦\tBLACK CHESS TURNED ROOK\r\n" +
				"U+1FA3B\t🨻\tBLACK CHESS ROOK ROTATED TWO HUNDRED SEVENTY DEGREES\r\n" +
				"U+1FA52\t🩒\tBLACK CHESS KNIGHT-ROOK\r\n" +
				"5 matches for 'rook black'\r\n?> ",
		},
		{"one match", "registered", "U+00AE \t®\tREGISTERED SIGN\r\n1 match for 'registered'\r\n?> "},
		{"no match", "qwertyuiop", "No match for 'qwertyuiop'\r\n?> "},
		{"no word", "-", "No match for '-'\r\n?> "},
		{"spaces around the query", " \t registered\u3000", "U+00AE \t®\tREGISTERED SIGN\r\n1 match for 'registered'\r\n?> "},
		{"two carriage returns before the line feed", "registered\r", "U+00AE \t®\tREGISTERED SIGN\r\n1 match for 'registered'\r\n?> "},
		{"carriage return inside is one query", "rook\rbishop", "No match for 'rook\\rbishop'\r\n?> "},
		{"control inside", "no\x00such", "No match for 'no\\x00such'\r\n?> "},
		{"delete", "\x7f", "No match for '\\x7f'\r\n?> "},
		{"empty", "", "?> "},
		{"carriage return only", "\r", "?> "},
		{"every white space", "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000", "?> "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got, err := answer(t, tt.line)
			if got != tt.want || err != nil {
				t.Errorf("answer to %q:\n%q, error %v; want\n%q", tt.line, got, err, tt.want)
			}
		})
	}
}

// Contract B121.
func TestControlEndsTheSession(t *testing.T) {
	t.Parallel()

	for r := rune(0); r <= 0x20; r++ {
		blank := unicode.IsSpace(r) || r >= 0x1C
		for _, line := range []string{string(r), " " + string(r) + " ", "\u00a0" + string(r) + "rook"} {
			got, err := answer(t, line)
			switch {
			case !blank && (got != "" || !errors.Is(err, tcp.ErrClose)):
				t.Errorf("answer to %q: %q, error %v; want nothing and the end", line, got, err)
			case blank && (!strings.HasSuffix(got, "?> ") || err != nil):
				t.Errorf("answer to %q: %q, error %v; want a prompt", line, got, err)
			}
		}
	}
}

// Contract B121.
func TestInvalidTextEndsTheSession(t *testing.T) {
	t.Parallel()

	tests := []struct{ name, line string }{
		{"telnet's Ctrl-C", "\xff\xf4\xff\xfd\x06"},
		{"after a word", "rook \xff"},
		{"between spaces", "  \xc3  "},
		{"cut off in a character", "rook \xe4\xb8"},
		{"surrogate", "\xed\xa0\x80"},
		{"longer than need be", "\xc0\xaf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got, err := answer(t, tt.line); got != "" || !errors.Is(err, tcp.ErrClose) {
				t.Errorf("answer to %q: %q, error %v; want nothing and the end", tt.line, got, err)
			}
		})
	}
}

// Contract B119, B122.
func TestAPersonMayThink(t *testing.T) {
	t.Parallel()

	s := charfinder.NewLineServer(newFinder(), zap.NewNop())
	if s.FirstByteTimeout != 5*time.Minute || s.IdleTimeout != 5*time.Minute {
		t.Errorf("a person may think for %v at first and %v later; want 5m0s", s.FirstByteTimeout, s.IdleTimeout)
	}
}

func TestLongestLineIsAnswered(t *testing.T) {
	t.Parallel()

	got, err := answer(t, strings.Repeat("rook ", 65_536/5))
	if !strings.HasSuffix(got, "\r\n?> ") || strings.Count(got, "\r\n") != 15 || err != nil {
		t.Errorf("answer to a line of 65,535 bytes has %d lines, error %v; want the 14 rooks and the status", strings.Count(got, "\r\n"), err)
	}
}

func TestLongAnswerIsNotHeld(t *testing.T) {
	t.Parallel()
	needUnicode15(t)

	var w parts
	err := charfinder.NewLineServer(newFinder(), zap.NewNop()).Answer(t.Context(), []byte("cjk unified ideograph"), &w)
	if err != nil {
		t.Fatal(err)
	}
	if w.lines != 97_098+1 {
		t.Errorf("%d lines; want one for each of 97,098 matches and the status", w.lines)
	}
	if w.longest > 4<<10 {
		t.Errorf("%d bytes are written at once; want no more than 4 KiB, as the session has room for", w.longest)
	}
}

func TestAnswerEndsWhenTheClientIsGone(t *testing.T) {
	t.Parallel()

	for _, line := range []string{"", "registered", "letter"} {
		w := parts{err: errors.New("broken pipe")}
		err := charfinder.NewLineServer(newFinder(), zap.NewNop()).Answer(t.Context(), []byte(line), &w)
		if !errors.Is(err, w.err) {
			t.Errorf("answer to %q where nobody reads: error %v; want %v", line, err, w.err)
		}
		if w.writes != 1 {
			t.Errorf("answer to %q where nobody reads: %d writes; want 1", line, w.writes)
		}
	}
}

// parts is a writer that counts what it is given.
type parts struct {
	err                    error
	writes, lines, longest int
}

func (p *parts) Write(b []byte) (int, error) {
	p.writes++
	if p.err != nil {
		return 0, p.err
	}
	p.lines += bytes.Count(b, []byte("\n"))
	p.longest = max(p.longest, len(b))
	return len(b), nil
}
