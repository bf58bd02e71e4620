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

// Where an answer has a list that is sent while it is made.
const (
	noList    = -1
	wholeList = -2 // the answer itself; else the index of a field
)

// listIn returns where answers of type t have a list.
func listIn(t reflect.Type) int {
	isList := reflect.TypeFor[list]()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Implements(isList) {
		return wholeList
	}
	if t.Kind() == reflect.Struct && t.NumField() > 0 {
		if last := t.NumField() - 1; t.Field(last).IsExported() && t.Field(last).Type.Implements(isList) {
			return last
		}
	}
	return noList
}

// split returns answer with an empty list in the place of the one at, and that.
func split(answer any, at int) (any, list) {
	v := reflect.Indirect(reflect.ValueOf(answer))
	switch {
	case !v.IsValid() || at == noList:
		return answer, nil
	case at == wholeList:
		return []list{}, v.Interface().(list)
	}
	rest := reflect.New(v.Type()).Elem()
	rest.Set(v)
	rest.Field(at).SetZero()
	return rest.Interface(), v.Field(at).Interface().(list)
}

// chunk is how much of a list is sent at once.
const chunk = 32 << 10

// send answers with v, in JSON.
func (r *request) send(v any) error {
	rest, l := split(v, r.list)
	if l == nil {
		return json.NewEncoder((*writer)(r)).Encode(v)
	}
	text, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	// The text ends with the empty list, and the brace of what it is the last field of.
	end := bytes.LastIndexByte(text, ']')
	s := &stream{w: (*writer)(r), buffer: append(make([]byte, 0, chunk+chunk/8), text[:end]...)}
	if err = l.each(s); err == nil {
		s.buffer = append(append(s.buffer, text[end:]...), '\n')
		err = s.flush()
	}
	if err != nil && r.begun {
		return fmt.Errorf("%w: the answer breaks off: %w", http.ErrAbortHandler, err)
	}
	return err
}

// stream writes in chunks. Nothing is sent, and so an error may still be
// answered, before the first one is full.
type stream struct {
	w      io.Writer
	buffer []byte
}

func (s *stream) Write(p []byte) (int, error) {
	s.buffer = append(s.buffer, p...)
	if len(s.buffer) < chunk {
		return len(p), nil
	}
	return len(p), s.flush()
}

func (s *stream) flush() error {
	_, err := s.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}
