package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// book is a domain for the examples of the guide.
type book struct{ meanings map[string]string }

var (
	errUnknown = errors.New("the word is not in the book")
	errFull    = errors.New("the book is full")
)

func (b *book) lookUp(word string) (string, error) {
	if meaning, ok := b.meanings[word]; ok {
		return meaning, nil
	}
	return "", fmt.Errorf("look up %q in %d words: %w", word, len(b.meanings), errUnknown)
}

func (b *book) writeDown(word, meaning string) error {
	if len(b.meanings) == 3 {
		return errFull
	}
	b.meanings[word] = meaning
	return nil
}

func newBookRoutes(b *book) []httpserver.Route {
	s := &bookSite{b}
	return []httpserver.Route{
		{Method: http.MethodGet, Path: "/words/:word/shout", Handler: s.shout, Summary: "Shout a word"},
		{Method: http.MethodGet, Path: "/words/:word", Operation: httpserver.Typed(s.word), Summary: "Look a word up", Errors: bookErrors},
		{Method: http.MethodPut, Path: "/words/:word", Operation: httpserver.Typed(s.setWord), Summary: "Write a word down", Errors: bookErrors},
		{Method: http.MethodGet, Path: "/words", Operation: httpserver.Typed(s.words), Summary: "All words", Document: describeWords},
	}
}

type bookSite struct{ book *book }

func (s *bookSite) shout(c echo.Context) error {
	return c.String(http.StatusOK, strings.ToUpper(c.Param("word"))+"!\n")
}

type wordQuery struct {
	Word string `path:"word" maxLength:"40" example:"rook" doc:"The word, in small letters"`
}

type wordEntry struct {
	Word    string `json:"word" example:"rook"`
	Meaning string `json:"meaning" minLength:"1" example:"a tower of chess"`
}

// word serves GET /words/:word.
func (s *bookSite) word(_ context.Context, in *wordQuery) (*wordEntry, error) {
	meaning, err := s.book.lookUp(in.Word)
	if err != nil {
		return nil, err
	}
	return &wordEntry{in.Word, meaning}, nil
}

type wordChange struct {
	Word string `path:"word" pattern:"^[a-z]+$" patternDescription:"small letters"`
	Body struct {
		Meaning string `json:"meaning" minLength:"1" doc:"What the word means"`
	}
}

// setWord serves PUT /words/:word.
func (s *bookSite) setWord(_ context.Context, in *wordChange) (*wordEntry, error) {
	if in.Word == "qwertyuiop" {
		return nil, &httpserver.Problem{Status: http.StatusForbidden, Detail: "That is no word."}
	}
	if err := s.book.writeDown(in.Word, in.Body.Meaning); err != nil {
		return nil, err
	}
	return &wordEntry{in.Word, in.Body.Meaning}, nil
}

// bookErrors says what the errors of the book mean over HTTP.
var bookErrors = httpserver.Errors{
	errUnknown: http.StatusNotFound,
	errFull:    http.StatusInsufficientStorage,
}

type wordList struct {
	Total int                        `json:"total"`
	Words httpserver.List[wordEntry] `json:"words"`
}

// words serves GET /words.
func (s *bookSite) words(context.Context, *struct{}) (*wordList, error) {
	return &wordList{len(s.book.meanings), func(yield func(wordEntry, error) bool) {
		for _, word := range slices.Sorted(maps.Keys(s.book.meanings)) {
			if !yield(wordEntry{word, s.book.meanings[word]}, nil) {
				return
			}
		}
	}}, nil
}

func describeWords(op *huma.Operation) {
	op.Description = "In alphabetical order."
	op.Tags = []string{"reading"}
}

func TestTheGuidesEndpoints(t *testing.T) {
	t.Parallel()

	k := build(t, routes(newBookRoutes(&book{map[string]string{"rook": "a tower of chess"}})...))
	json := header("Content-Type", "application/json")
	for _, tt := range []struct{ request, body, want string }{
		{"GET /words/rook/shout", "", "200 ROOK!"},
		{"GET /words/rook", "", `200 {"word":"rook","meaning":"a tower of chess"}`},
		{"GET /words/crow", "", `404 {"type":"about:blank","title":"Not Found","status":404,"detail":"the word is not in the book","request_id":"1"}`},
		{"PUT /words/crow", `{"meaning":"a bird"}`, `200 {"word":"crow","meaning":"a bird"}`},
		{"PUT /words/crow", `{"meaning":""}`, `422 {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"body.meaning: expected length >= 1","request_id":"1","errors":[{"field":"body.meaning","message":"expected length >= 1"}]}`},
		{"PUT /words/qwertyuiop", `{"meaning":"keys"}`, `403 {"type":"about:blank","title":"Forbidden","status":403,"detail":"That is no word.","request_id":"1"}`},
		{"PUT /words/owl", `{"meaning":"another bird"}`, `200 {"word":"owl","meaning":"another bird"}`},
		{"PUT /words/emu", `{"meaning":"a third bird"}`, `507 {"type":"about:blank","title":"Insufficient Storage","status":507,"request_id":"1"}`},
		{"GET /words", "", `200 {"total":3,"words":[{"word":"crow","meaning":"a bird"},{"word":"owl","meaning":"another bird"},{"word":"rook","meaning":"a tower of chess"}]}`},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		w := k.ask(method, path, json, header("X-Request-Id", "1"), body(tt.body))
		if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != tt.want {
			t.Errorf("%s = %s; want %s", tt.request, got, tt.want)
		}
	}
	if document := k.ask("GET", "/openapi.json").Body.String(); !strings.Contains(document, "In alphabetical order.") || !strings.Contains(document, "Shout a word") {
		t.Errorf("the document is %s; want what the routes say", document)
	}
}
