package typed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth  = 64 // of objects and arrays in each other
	maxNumber = 40 // characters
)

// decode reads JSON into v. Its errors read "field: message".
func decode(data []byte, v any) error {
	if _, first := v.(*any); first { // huma reads a body twice: to check it, and into the type of the handler
		if err := check(data); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		field, message := "body", malformed
		if mismatch.Field != "" {
			field += "." + mismatch.Field
		}
		if strings.HasPrefix(mismatch.Value, "number") {
			message = outOfRange
		}
		return fmt.Errorf("%s: %s", field, message)
	case err != nil:
		return errors.New("body: " + malformed)
	}
	return nil
}

// check refuses what is no JSON, and what is and could be read in two ways or
// at no bounded cost.
func check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("expected JSON in UTF-8")
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, new(json.RawMessage)); errors.As(err, &syntax) {
		if syntax.Offset >= int64(len(data)) && strings.HasPrefix(syntax.Error(), "unexpected end") {
			return errors.New("expected JSON; it ends in the middle")
		}
		before := data[:max(syntax.Offset-1, 0)]
		return fmt.Errorf("expected JSON; it is none at line %d, column %d",
			1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):]))
	}

	type level struct {
		names map[string]struct{} // nil: an array
		name  bool                // is what comes next
	}
	var open []level
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '{', '[':
			if len(open) == maxDepth {
				return fmt.Errorf("more than %d objects and arrays in each other", maxDepth)
			}
			open = append(open, level{name: c == '{'})
			if c == '{' {
				open[len(open)-1].names = make(map[string]struct{})
			}
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			open[len(open)-1].name = open[len(open)-1].names != nil
		case '"':
			begin := i
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if len(open) == 0 || !open[len(open)-1].name {
				continue
			}
			in := &open[len(open)-1]
			in.name = false
			var name string
			_ = json.Unmarshal(data[begin:i+1], &name) // it is valid
			// encoding/json takes names that differ in case for the same.
			folded := strings.ToLower(strings.ToUpper(name))
			if _, again := in.names[folded]; again {
				return fmt.Errorf("%q stands twice in an object", name)
			}
			in.names[folded] = struct{}{}
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			begin := i
			for i+1 < len(data) && strings.IndexByte("+-.eE0123456789", data[i+1]) >= 0 {
				i++
			}
			if i-begin >= maxNumber {
				return fmt.Errorf("a number has more than %d characters", maxNumber)
			}
		}
	}
	return nil
}
