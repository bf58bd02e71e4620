// Command ostov is the whole application, on free ports, with one route more.
// With -trace as its first argument tracing is set up, and nothing is sampled.
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"

	"example.com/ostov/bench/http/servers"
	"example.com/ostov/internal/command"
	"example.com/ostov/modules"
	httpserver "example.com/ostov/modules/http"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "-trace" {
		args = args[1:]
		for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "always_off"} {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(command.Run(context.Background(), args, os.Stdout, os.Stderr, fx.Options(modules.All(), httpserver.Routes(routes))))
}

func routes() []httpserver.Route {
	return []httpserver.Route{{Method: http.MethodGet, Path: "/hello/:name", Handler: func(c echo.Context) error {
		return c.JSON(http.StatusOK, servers.Greet(c.Param("name")))
	}}}
}
