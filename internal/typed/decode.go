package typed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth  = 64 // of objects and arrays in each other
	maxNumber = 40 // characters
)

// decode reads JSON into v. Its errors read "field: message".
func decode(data []byte, v any) error {
	if plain, ok := v.(*any); ok { // huma reads a body twice: so, to check it, and then into the type of the handler
		value, err := parse(data)
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		*plain = value
		return nil
	}
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mismatch) && strings.HasPrefix(mismatch.Value, "number"):
		return fmt.Errorf("body.%s: %s", mismatch.Field, outOfRange)
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("body.%s: %s", mismatch.Field, malformed)
	}
	return errors.New("body: " + malformed)
}

// parse returns JSON as encoding/json does, and refuses some that could be read
// in two ways, or not at a bounded cost.
func parse(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("expected JSON in UTF-8")
	}
	if !json.Valid(data) {
		return nil, syntaxError(data)
	}
	p := parser{data: data}
	return p.value(0)
}

func syntaxError(data []byte) error {
	var syntax *json.SyntaxError
	err := json.Unmarshal(data, new(json.RawMessage))
	if !errors.As(err, &syntax) || strings.HasPrefix(syntax.Error(), "unexpected end") {
		return errors.New("expected JSON; it ends in the middle")
	}
	before := data[:max(syntax.Offset-1, 0)]
	return fmt.Errorf("expected JSON; it is none at line %d, column %d",
		1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):]))
}

// parser reads JSON that is valid.
type parser struct {
	data  []byte
	at    int
	names []string // of the objects that it is in
}

func (p *parser) value(depth int) (any, error) {
	p.skipSpace()
	switch c := p.data[p.at]; {
	case (c == '{' || c == '[') && depth == maxDepth:
		return nil, fmt.Errorf("more than %d objects and arrays in each other", maxDepth)
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		return p.text(), nil
	case c == 't':
		p.at += len("true")
		return true, nil
	case c == 'f':
		p.at += len("false")
		return false, nil
	case c == 'n':
		p.at += len("null")
		return nil, nil
	}
	return p.number()
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	object, first := make(map[string]any), len(p.names)
	var folded map[string]struct{} // names, where they are too many to look through
	for p.next('}') {
		name := p.text()
		p.skipSpace()
		p.at++ // the colon
		if !p.isNew(name, first, &folded) {
			return nil, fmt.Errorf("%q stands twice in an object", name)
		}
		value, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	p.names = p.names[:first]
	return object, nil
}

// isNew notes a name of the object whose names begin with the one at first. It
// is none where it stands there already in another case: encoding/json takes
// both for the same, so that one would be checked, and the other be used.
func (p *parser) isNew(name string, first int, folded *map[string]struct{}) bool {
	const few = 32
	own := p.names[first:]
	if len(own) < few {
		for _, other := range own {
			if strings.EqualFold(other, name) {
				return false
			}
		}
		p.names = append(p.names, name)
		return true
	}
	fold := func(name string) string { return strings.ToLower(strings.ToUpper(name)) }
	if *folded == nil {
		*folded = make(map[string]struct{})
		for _, other := range own {
			(*folded)[fold(other)] = struct{}{}
		}
	}
	before := len(*folded)
	(*folded)[fold(name)] = struct{}{}
	return len(*folded) > before
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	array := []any{}
	for p.next(']') {
		value, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	return array, nil
}

// next goes to the next name or value, or behind the end where there is none.
func (p *parser) next(end byte) bool {
	p.skipSpace()
	if p.data[p.at] == ',' {
		p.at++
		p.skipSpace()
	}
	if p.data[p.at] == end {
		p.at++
		return false
	}
	return true
}

func (p *parser) text() string {
	begin, escaped := p.at, false
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			escaped = true
			p.at++
		}
	}
	p.at++
	if !escaped {
		return string(p.data[begin+1 : p.at-1])
	}
	var text string
	_ = json.Unmarshal(p.data[begin:p.at], &text) // it is valid
	return text
}

func (p *parser) number() (any, error) {
	begin := p.at
	for p.at < len(p.data) && strings.IndexByte("+-.eE0123456789", p.data[p.at]) >= 0 {
		p.at++
	}
	if p.at-begin > maxNumber {
		return nil, fmt.Errorf("a number has more than %d characters", maxNumber)
	}
	number, err := strconv.ParseFloat(string(p.data[begin:p.at]), 64)
	if err != nil {
		return nil, errors.New(outOfRange)
	}
	return number, nil
}

func (p *parser) skipSpace() {
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n", p.data[p.at]) >= 0 {
		p.at++
	}
}
