package charfinder

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"iter"
	"math"
	"net/http"
	"strconv"
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
		{Method: http.MethodGet, Path: "/", Handler: s.home},
		{Method: http.MethodGet, Path: "/charfinder.css", Handler: echo.StaticFileHandler("page.css", assets)},
		{Method: http.MethodGet, Path: "/charfinder.svg", Handler: echo.StaticFileHandler("page.svg", assets)},
		{Method: http.MethodGet, Path: "/api/chars", Handler: s.chars},
		{Method: http.MethodGet, Path: "/api/words/top", Handler: s.topWords},
	}, nil
}

// query returns what c asks for: valid text without white space around it.
func query(c echo.Context) string {
	return strip(strings.ToValidUTF8(c.QueryParam("query"), "\uFFFD"))
}

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
		Query:    query(c),
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

// charsPage is the answer of GET /api/chars.
type charsPage struct {
	Query  string `json:"query"`
	Total  int    `json:"total"` // of all matches
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`
	Items  []Char `json:"items"`
}

// chars serves GET /api/chars, a part of the matches of its query.
func (s *site) chars(c echo.Context) error {
	offset, ok := number(c, "offset", 0, math.MaxInt)
	if !ok {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "offset must be a whole number, 0 or more")
	}
	limit, ok := number(c, "limit", 100, 1000)
	if !ok {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, "limit must be a whole number from 0 to 1000")
	}
	answer := charsPage{Query: query(c), Offset: offset, Limit: limit, Items: []Char{}}
	matches := s.find(answer.Query)
	answer.Total = matches.Len()
	for r := range matches.Page(offset, limit) {
		answer.Items = append(answer.Items, Describe(r))
	}
	return c.JSON(http.StatusOK, answer)
}

// number returns the parameter of that name, or missing where it is not given.
// It is not ok where it is no whole number from 0 to most.
func number(c echo.Context, name string, missing, most int) (n int, ok bool) {
	if !c.QueryParams().Has(name) {
		return missing, true
	}
	n, err := strconv.Atoi(c.QueryParam(name))
	return n, err == nil && 0 <= n && n <= most
}

// topWords serves GET /api/words/top, the words most asked for until now.
func (s *site) topWords(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string][]WordCount{"items": s.finder.TopWords(20)})
}
