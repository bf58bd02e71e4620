package httpserver

import (
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/ostov/health"
)

const livePath, readyPath = "/livez", "/readyz"

func isProbe(path string) bool { return path == livePath || path == readyPath }

// probes answer with a status only, for here anybody may ask.
func (s *Server) probes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: livePath, Handler: s.live, Summary: "Whether the process works"},
		{Method: http.MethodGet, Path: readyPath, Handler: s.ready, Summary: "Whether the process takes requests"},
	}
}

func (s *Server) live(c echo.Context) error { return s.probe(c, health.Live) }

func (s *Server) ready(c echo.Context) error {
	if s.stopping.Begun() {
		return echo.ErrServiceUnavailable
	}
	return s.probe(c, health.Ready)
}

func (s *Server) probe(c echo.Context, kind health.Kind) error {
	if s.health != nil && s.health.Err(c.Request().Context(), kind) != nil {
		return echo.ErrServiceUnavailable
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.String(http.StatusOK, "ok\n")
}

// index is the page at / where no module has one: it names the routes.
func (s *Server) index(c echo.Context) error {
	var page strings.Builder
	page.WriteString(`<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Routes</title><h1>Routes</h1><ul>`)
	for _, r := range s.Table() {
		path := html.EscapeString(r.Path)
		if r.Method == http.MethodGet && !strings.ContainsAny(path, ":*") {
			path = fmt.Sprintf(`<a href="%s">%s</a>`, path, path)
		}
		fmt.Fprintf(&page, "<li><code>%s %s</code></li>\n", html.EscapeString(r.Method), path)
	}
	return c.HTML(http.StatusOK, page.String())
}
