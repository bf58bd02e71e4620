package tcp

import "bytes"

// smallBuffer is how much a session holds that waits for a line.
const smallBuffer = 1 << 10

// lineBuffer takes bytes as they arrive and gives them back as lines. It holds
// at most max+1 bytes, and more than smallBuffer only while a long line arrives
// or is answered.
type lineBuffer struct {
	max int // bytes of a line, without its LF

	data       []byte
	start, end int // data[start:end] has arrived and was not given back
	seen       int // data[start:seen] holds no LF
}

// next returns the next line without its LF or CRLF, and false where it is not
// complete. The line is valid until space is called.
func (b *lineBuffer) next() ([]byte, bool) {
	i := bytes.IndexByte(b.data[b.seen:b.end], '\n')
	if i < 0 {
		b.seen = b.end
		return nil, false
	}
	end := b.seen + i
	line := b.data[b.start:end:end]
	b.start, b.seen = end+1, end+1
	return bytes.TrimSuffix(line, []byte("\r")), true
}

// rest returns what has arrived of a line that is not complete.
func (b *lineBuffer) rest() []byte { return b.data[b.start:b.end:b.end] }

// space returns where the next bytes are to be put, none where the line under
// way is longer than max. It is called after next has returned false.
func (b *lineBuffer) space() []byte {
	rest := b.rest()
	if len(rest) > b.max {
		return nil
	}
	size := max(len(b.data), min(smallBuffer, b.max+1))
	switch {
	case len(rest) == 0:
		size = min(smallBuffer, b.max+1)
	case len(rest) == len(b.data):
		size = min(2*size, b.max+1)
	}
	if size != len(b.data) {
		b.data = append(make([]byte, 0, size), rest...)[:size]
	} else {
		copy(b.data, rest)
	}
	b.start, b.end, b.seen = 0, len(rest), len(rest)
	return b.data[b.end:]
}

// added says that n bytes were put into space.
func (b *lineBuffer) added(n int) { b.end += n }
