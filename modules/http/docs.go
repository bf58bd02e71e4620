package httpserver

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

//go:embed docs
var docsPage embed.FS

// docs returns the routes of the document of the API and of the page that shows
// it, and tries it.
func (s *Server) docs() []Route {
	if !s.config.Docs {
		return nil
	}
	var routes []Route
	for _, path := range []string{"/docs", "/docs.css", "/docs.js"} {
		routes = append(routes, Route{Method: http.MethodGet, Path: path, Handler: docsFile, Page: true})
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		routes = append(routes, Route{Method: http.MethodGet, Path: path, Handler: s.openAPI, Page: true})
	}
	return routes
}

// docsFile serves a file of the page, which needs more than the policy of the
// stack allows: a script of our own that calls the API.
func docsFile(c echo.Context) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy, header.Get(echo.HeaderContentSecurityPolicy)+"; script-src 'self'; connect-src 'self'")
	name := strings.TrimPrefix(c.Path(), "/")
	if name == "docs" {
		name += ".html"
	}
	return echo.StaticFileHandler("docs/"+name, docsPage)(c)
}

// openAPI serves the document, by the path in JSON or YAML.
func (s *Server) openAPI(c echo.Context) error {
	d, err := s.document()
	switch {
	case err != nil:
		return err
	case strings.HasSuffix(c.Path(), ".yaml"):
		return c.Blob(http.StatusOK, "application/yaml", d.yaml)
	default:
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, d.json)
	}
}

// document is the document of the API, in OpenAPI 3.1.
type document struct{ json, yaml []byte }

// describe adds to the document every route but the pages; the operations are
// in it. It is called once.
func (rs *routes) describe() error {
	var errs []error
	for _, r := range slices.SortedFunc(maps.Values(rs.added), func(a, b Route) int { return strings.Compare(a.String(), b.String()) }) {
		if r.Operation == nil && !r.Page {
			if err := rs.api.Describe(rs.operation(r)); err != nil {
				errs = append(errs, fmt.Errorf("document: route %v: %w", r, err))
			}
		}
	}
	return errors.Join(errs...)
}

// write returns the document, when it is asked for first: a start does not wait
// for it.
func (s *Server) write() (d document, err error) {
	if err = s.described(); err != nil {
		return d, err
	}
	if d.json, err = s.routes.api.JSON(); err == nil {
		d.yaml, err = s.routes.api.YAML()
	}
	return d, err
}
