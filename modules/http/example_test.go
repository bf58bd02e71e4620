package httpserver_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// events sends an event each second until the client leaves or the server
// stops.
func events(c echo.Context) error {
	draining := httpserver.Stream(c)
	c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case now := <-second.C:
			if _, err := fmt.Fprintf(c.Response(), "data: %v\n\n", now); err != nil {
				return err
			}
			c.Response().Flush()
		case <-draining:
			_, err := fmt.Fprint(c.Response(), "event: bye\ndata:\n\n")
			return err
		case <-c.Request().Context().Done():
			return nil
		}
	}
}

func ExampleStream() {
	_ = []httpserver.Route{{Method: http.MethodGet, Path: "/events", Handler: events}}
	// Output:
}
