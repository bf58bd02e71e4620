package typed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// List is an array whose elements are made while they are sent, for answers of
// any length. It is sent so where it is the answer or the last field of it;
// elsewhere it is an ordinary array. It ends early with an error: where nothing
// was sent yet the client gets that as any other error, and later an answer
// that breaks off.
type List[T any] func(yield func(T, error) bool)

// MarshalJSON returns all of l.
func (l List[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	err := l.each(&b)
	b.WriteByte(']')
	return b.Bytes(), err
}

// Schema describes l as the array that it is sent as.
func (List[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[T](), true, "Item")}
}

// each writes the elements with commas between them.
func (l List[T]) each(w io.Writer) error {
	if l == nil {
		return nil
	}
	e := &elements{w: w}
	encoder := json.NewEncoder(e)
	for element, err := range l {
		if err != nil {
			return err
		}
		if err := encoder.Encode(element); err != nil {
			return err
		}
	}
	return nil
}

// elements puts commas between what a json.Encoder writes, in place of its
// newlines.
type elements struct {
	w    io.Writer
	next bool
}

func (e *elements) Write(p []byte) (int, error) {
	if e.next {
		if _, err := io.WriteString(e.w, ","); err != nil {
			return 0, err
		}
	}
	e.next = true
	if _, err := e.w.Write(p[:len(p)-1]); err != nil {
		return 0, err
	}
	return len(p), nil
}

type list interface{ each(w io.Writer) error }

// split returns v with an empty list in the place of its last field, and the
// list that is there, nil where there is none.
func split(v any) (any, list) {
	answer := reflect.Indirect(reflect.ValueOf(v))
	if !answer.IsValid() {
		return v, nil
	}
	if l, ok := answer.Interface().(list); ok {
		return []list{}, l
	}
	if answer.Kind() != reflect.Struct || answer.NumField() == 0 {
		return v, nil
	}
	last := answer.NumField() - 1
	if !answer.Type().Field(last).IsExported() {
		return v, nil
	}
	l, ok := answer.Field(last).Interface().(list)
	if !ok {
		return v, nil
	}
	rest := reflect.New(answer.Type()).Elem()
	rest.Set(answer)
	rest.Field(last).SetZero()
	return rest.Interface(), l
}

// chunk is how much of a list is sent at once.
const chunk = 32 << 10

// send answers v in JSON.
func send(w http.ResponseWriter, status int, v any) error {
	rest, l := split(v)
	text, err := json.Marshal(rest)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if l == nil {
		w.WriteHeader(status)
		_, err := w.Write(append(text, '\n'))
		return err
	}
	// The text ends with the empty list, and the brace of what it is the last field of.
	end := bytes.LastIndexByte(text, ']')
	s := &stream{w: w, status: status}
	s.buffer = append(s.buffer, text[:end]...)
	if err = l.each(s); err == nil {
		s.buffer = append(append(s.buffer, text[end:]...), '\n')
		err = s.flush()
	}
	if err != nil && s.begun {
		return fmt.Errorf("%w: answer: %w", http.ErrAbortHandler, err)
	}
	return err
}

// stream writes in chunks. Nothing is sent, and so an error may still be
// answered, before the first one is full.
type stream struct {
	w      http.ResponseWriter
	status int
	buffer []byte
	begun  bool
}

func (s *stream) Write(p []byte) (int, error) {
	s.buffer = append(s.buffer, p...)
	if len(s.buffer) < chunk {
		return len(p), nil
	}
	return len(p), s.flush()
}

func (s *stream) flush() error {
	if !s.begun {
		s.begun = true
		s.w.WriteHeader(s.status)
	}
	_, err := s.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}
