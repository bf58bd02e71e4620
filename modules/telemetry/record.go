package telemetry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// maxRecord is the most bytes of a record, the end of its line included.
const maxRecord = 16 << 10

// core is what a zap.Logger writes to: it makes a record one line of bounded
// size and hands it to the writer.
type core struct {
	zap.AtomicLevel

	encoder zapcore.Encoder
	people  bool    // the encoder is that of the console
	simple  *simple // does its work where it can; nil: nowhere
	out     *Writer
}

// With implements zapcore.Core.
func (c *core) With(fields []zapcore.Field) zapcore.Core { return c.with(fields) }

func (c *core) with(fields []zapcore.Field) *core {
	clone := *c
	clone.encoder = c.encoder.Clone()
	clone.simple = c.simple.with(fields)
	for _, f := range fields {
		f.AddTo(clone.encoder)
	}
	return &clone
}

// Check implements zapcore.Core.
func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Sync implements zapcore.Core.
func (c *core) Sync() error { return c.out.Sync() }

// Write implements zapcore.Core. A record of a panic waits until it is out: the
// process may be about to die.
func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	line, err := c.encode(&e, fields)
	if err != nil {
		return fmt.Errorf("encode the log record %q: %w", e.Message, err)
	}
	c.out.accept(&e, line.Bytes())
	line.Free()
	if e.Stack != "" || e.Level > zapcore.ErrorLevel {
		_ = c.out.Sync() // nobody could be told
	}
	return nil
}

func (c *core) encode(e *zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	if line := c.simple.encode(e, fields); line != nil {
		return line, nil
	}
	stack := e.Stack
	if c.people && stack != "" {
		one := *e
		one.Stack = "" // it is not one line
		e = &one
	}
	line, err := c.encoder.EncodeEntry(*e, fields)
	if err != nil {
		return nil, err
	}
	if c.people && stack != "" || line.Len() > maxRecord || !isPlain(line.Bytes()) {
		c.repair(line, stack)
	}
	return line, nil
}

// repair makes a line of what was encoded, and puts the stack of a record for
// people below it, indented.
func (c *core) repair(line *buffer.Buffer, stack string) {
	text := appendPlain(nil, strings.TrimSuffix(line.String(), "\n"))
	if c.people && stack != "" {
		for s := range strings.SplitSeq(strings.TrimSpace(stack), "\n") {
			text = appendPlain(append(text, "\n\t"...), s)
		}
	}
	text = append(text, '\n')
	if len(text) > maxRecord {
		if c.people {
			text = cutText(text)
		} else {
			text = cutJSON(text)
		}
	}
	line.Reset()
	line.AppendBytes(text)
}

// isPlain tells whether line has only printable ASCII and its end, as most have,
// eight bytes at a time.
func isPlain(line []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	line = line[:max(0, len(line)-1)]
	if len(line) < 8 {
		return false // no record is so short; the slow way knows
	}
	last := binary.LittleEndian.Uint64(line[len(line)-8:])
	seen := last | (last + ones) | (last - 0x20*ones) // a top bit stays where a byte is over 0x7e, or below 0x20
	for ; len(line) >= 8; line = line[8:] {
		x := binary.LittleEndian.Uint64(line)
		seen |= x | (x + ones) | (x - 0x20*ones)
	}
	return seen&tops == 0
}

// appendPlain appends text without what ends a line, moves the cursor of a
// terminal, or turns the direction of what follows: that is escaped as in JSON.
func appendPlain(b []byte, text string) []byte {
	for _, r := range text {
		switch {
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control):
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// room is what a record that is cut has for itself; the rest is for its mark.
const room = maxRecord - 64

// cutText shortens a record for people and says by how much.
func cutText(text []byte) []byte {
	end := room
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Appendf(text[:end], " ... (%d bytes cut)\n", len(text)-1-end)
}

// cutJSON shortens a JSON object: it keeps the members that fit, the first part
// of a string that does not, and says in a member of its own how much is gone.
func cutJSON(text []byte) []byte {
	members := json.NewDecoder(bytes.NewReader(text))
	_, _ = members.Token() // the brace
	kept := text[:1]
	for members.More() {
		_, _ = members.Token() // the name
		var value json.RawMessage
		if members.Decode(&value) != nil {
			break // what the encoder wrote is valid
		}
		end := int(members.InputOffset())
		if begin := end - len(value); end > room {
			if value[0] == '"' && begin < room-1 {
				kept = appendString(text[:begin], text[begin:room])
			}
			break
		}
		kept = text[:end]
	}
	gone := len(text) - len("\n") - len(kept)
	if len(kept) > 1 {
		kept = append(kept, ',')
	}
	return fmt.Appendf(kept, "%q:%d}\n", "bytes_cut", gone)
}

// appendString appends the first part of a JSON string, up to the last of its
// characters and escape sequences that is whole.
func appendString(b, part []byte) []byte {
	for {
		b := append(append(b, part...), '"')
		if quoted := b[len(b)-len(part)-1:]; utf8.Valid(part) && json.Valid(quoted) {
			return b
		}
		part = part[:len(part)-1]
	}
}
