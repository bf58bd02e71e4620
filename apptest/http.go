package apptest

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"

	httpserver "example.com/ostov/modules/http"
)

// underLoad adds a route that calls hit and answers with nothing, and holds every
// request for a random time up to the given one before its handler runs.
func underLoad(path string, hit func(), most time.Duration) fx.Option {
	return fx.Options(
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{{Method: http.MethodGet, Path: path, Handler: func(c echo.Context) error {
				hit()
				return c.NoContent(http.StatusNoContent)
			}}}
		}),
		fx.Invoke(func(e *echo.Echo) {
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					<-time.After(rand.N(most))
					return next(c)
				}
			})
		}),
	)
}
