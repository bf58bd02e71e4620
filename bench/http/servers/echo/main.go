// Command echo is Echo alone, in an http.Server that has the time-outs of Ostov
// with -timeouts. With -work each request takes so much processor time more.
package main

import (
	"context"
	"flag"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/ostov/bench/http/servers"
)

func main() {
	timeouts := flag.Bool("timeouts", false, "limit reading, writing and idling")
	work := flag.Duration("work", 0, "what a request takes beside its answer")
	flag.Parse()

	e := echo.New()
	e.GET("/hello/:name", func(c echo.Context) error {
		for began := time.Now(); time.Since(began) < *work; {
		}
		return c.JSON(http.StatusOK, servers.Greet(c.Param("name")))
	})
	s := &http.Server{Handler: e}
	if *timeouts {
		s = servers.WithTimeouts(e)
	}
	servers.Run(func(ctx context.Context) error { return servers.Serve(ctx, s) })
}
