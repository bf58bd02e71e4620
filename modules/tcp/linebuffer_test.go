package tcp

import (
	"bytes"
	"slices"
	"testing"
)

// read feeds input in pieces of the given sizes, repeated, to a lineBuffer. It
// returns the lines, the rest, and whether a line was too long.
func read(t *testing.T, input []byte, limit int, sizes []byte) (lines []string, rest string, long bool) {
	t.Helper()

	b := lineBuffer{max: limit}
	for i := 0; ; i++ {
		for {
			line, ok := b.next()
			if !ok {
				break
			}
			if cap(line) > len(line)+1 { // its CR
				t.Fatalf("line %q has room for %d bytes: to append to it would change the next", line, cap(line)-len(line))
			}
			lines = append(lines, string(line))
		}
		space := b.space()
		if len(space) == 0 {
			return lines, "", true
		}
		if len(b.data) > max(limit+1, smallBuffer) {
			t.Fatalf("the buffer has %d bytes for lines of %d", len(b.data), limit)
		}
		if len(b.rest()) == 0 && len(b.data) > smallBuffer {
			t.Fatalf("the buffer has %d bytes although nothing is in it", len(b.data))
		}
		if len(input) == 0 {
			return lines, string(b.rest()), false
		}
		size := 1
		if len(sizes) > 0 {
			size += int(sizes[i%len(sizes)])
		}
		n := copy(space, input[:min(size, len(input))])
		b.added(n)
		input = input[n:]
	}
}

// model is what read has to return, in the plainest way.
func model(input []byte, limit int) (lines []string, rest string, long bool) {
	for {
		line, after, ended := bytes.Cut(input, []byte("\n"))
		if len(line) > limit {
			return lines, "", true
		}
		if !ended {
			return lines, string(line), false
		}
		lines = append(lines, string(bytes.TrimSuffix(line, []byte("\r"))))
		input = after
	}
}

// Contract B119, B122.
func FuzzLineBuffer(f *testing.F) {
	long := bytes.Repeat([]byte("0123456789"), 500)
	for _, input := range [][]byte{
		nil,
		[]byte("a"),
		[]byte("a\n"),
		[]byte("a\r\nb\r\n"),
		[]byte("a\rb\n\r\r\n\n\n"),
		[]byte("\x00\xff\xfe\n\xff\xf4\xff\xfd\x06"),
		[]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
		[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		long,
		slices.Concat([]byte("a\n"), long, []byte("\r\nb\n"), long[:1024], []byte("\n"), long[:1023], []byte("\nc")),
	} {
		for _, limit := range []uint16{1, 3, 1023, 1024, 1025, 4999, 5000, 5001, 60_000} {
			f.Add(input, limit, []byte{0})
			f.Add(input, limit, []byte{2, 0, 250})
			f.Add(input, limit, []byte{255})
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, limit uint16, sizes []byte) {
		if limit == 0 {
			return // means the default
		}
		lines, rest, long := read(t, input, int(limit), sizes)
		wantLines, wantRest, wantLong := model(input, int(limit))
		if !slices.Equal(lines, wantLines) || rest != wantRest || long != wantLong {
			t.Errorf("%q in lines of %d, in pieces of %v:\n%q, rest %q, too long %v; want\n%q, rest %q, too long %v",
				input, limit, sizes, lines, rest, long, wantLines, wantRest, wantLong)
		}
	})
}
