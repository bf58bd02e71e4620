package charfinder

import (
	"bufio"
	"context"
	"embed"
	"fmt"
	"html/template"
	"iter"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	httpserver "example.com/ostov/modules/http"
)

//go:embed page.html page.css page.svg
var assets embed.FS

// site answers over HTTP.
type site struct {
	finder *Finder
	log    *zap.Logger
	page   *template.Template
}

// newRoutes returns the page, what it loads, and the API.
func newRoutes(finder *Finder, log *zap.Logger) ([]httpserver.Route, error) {
	page, err := template.ParseFS(assets, "page.html")
	if err != nil {
		return nil, fmt.Errorf("page of the charfinder: %w", err)
	}
	s := &site{finder: finder, log: log, page: page}
	return []httpserver.Route{
		{Method: http.MethodGet, Path: "/", Handler: s.home, Page: true},
		{Method: http.MethodGet, Path: "/charfinder.css", Handler: echo.StaticFileHandler("page.css", assets), Page: true},
		{Method: http.MethodGet, Path: "/charfinder.svg", Handler: echo.StaticFileHandler("page.svg", assets), Page: true},
		{Method: http.MethodGet, Path: "/api/chars", Operation: httpserver.Typed(s.chars), Summary: "Find characters by the words of their names"},
		{Method: http.MethodGet, Path: "/api/words/top", Operation: httpserver.Typed(s.topWords), Summary: "Words most asked for until now"},
	}, nil
}

// clean returns query as valid text without white space around it.
func clean(query string) string { return strip(strings.ToValidUTF8(query, "\uFFFD")) }

func (s *site) find(query string) Matches {
	matches := s.finder.Find(query)
	s.log.Debug("query answered", zap.String("query", query), zap.Int("results", matches.Len()))
	return matches
}

// pageData is what page.html shows.
type pageData struct {
	Examples []string
	Query    string
	Message  string
	matches  Matches
}

// pageRow is a Char without the U+, which stands in page.html because
// html/template would write its plus sign as &#43;.
type pageRow struct{ Hex, Char, Name string }

// Rows yields a row for each match.
func (d pageData) Rows() iter.Seq[pageRow] {
	return func(yield func(pageRow) bool) {
		for r := range d.matches.All() {
			if !yield(pageRow{Hex: fmt.Sprintf("%04X", r), Char: string(r), Name: Name(r)}) {
				return
			}
		}
	}
}

// home serves GET /, the page, with every match of its query.
func (s *site) home(c echo.Context) error {
	data := pageData{
		Examples: strings.Fields("bismillah black Braille cat chess circled digit dot Ethiopic face hexagram Malayalam mark operator Roman symbol"),
		Query:    clean(c.QueryParam("query")),
		Message:  "Enter words describing characters.",
	}
	if data.Query != "" {
		data.matches = s.find(data.Query)
		data.Message = Status(data.Query, data.matches.Len())
	}

	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(http.StatusOK)
	w := bufio.NewWriterSize(c.Response(), 32<<10)
	if err := s.page.Execute(w, data); err != nil {
		return fmt.Errorf("page of %q: %w", data.Query, err)
	}
	return w.Flush()
}

// charsQuery is what GET /api/chars asks for.
type charsQuery struct {
	Query  string `query:"query" doc:"Words that the name must have, in any order and case; without one nothing is found" example:"rook black"`
	Offset int    `query:"offset" default:"0" minimum:"0" doc:"How many matches to leave out"`
	Limit  int    `query:"limit" default:"100" minimum:"0" maximum:"1000" doc:"How many matches to answer at most"`
}

// charsPage is the answer of GET /api/chars.
type charsPage struct {
	Query  string                `json:"query" doc:"The query, without white space around it" example:"rook black"`
	Total  int                   `json:"total" doc:"Number of all matches" example:"5"`
	Offset int                   `json:"offset"`
	Limit  int                   `json:"limit"`
	Items  httpserver.List[Char] `json:"items" doc:"A part of the matches, in code point order"`
}

// chars serves GET /api/chars, a part of the matches of its query.
func (s *site) chars(_ context.Context, in *charsQuery) (*charsPage, error) {
	query := clean(in.Query)
	matches := s.find(query)
	return &charsPage{query, matches.Len(), in.Offset, in.Limit, func(yield func(Char, error) bool) {
		for r := range matches.Page(in.Offset, in.Limit) {
			if !yield(Describe(r), nil) {
				return
			}
		}
	}}, nil
}

// topWords is the answer of GET /api/words/top.
type topWords struct {
	Items []WordCount `json:"items" nullable:"false"`
}

// topWords serves GET /api/words/top, the words most asked for until now.
func (s *site) topWords(context.Context, *struct{}) (*topWords, error) {
	return &topWords{s.finder.TopWords(20)}, nil
}
