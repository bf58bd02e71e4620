package greeter

import (
	"net/http"

	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// newRoutes returns the endpoints.
func newRoutes(g *Greeter) []httpserver.Route {
	return []httpserver.Route{{Method: http.MethodGet, Path: "/api/greeter/:name", Handler: g.greet}}
}

// greeting is the answer of GET /api/greeter/:name.
type greeting struct {
	Text string `json:"text"`
}

func (g *Greeter) greet(c echo.Context) error {
	return c.JSON(http.StatusOK, greeting{Text: g.Greet(c.Param("name"))})
}
