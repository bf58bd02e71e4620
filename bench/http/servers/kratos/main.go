// Command kratos is Kratos with the middlewares of its documentation: recovery,
// tracing, of which nothing is sampled, and logging.
package main

import (
	"context"
	"os"

	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/middleware/logging"
	"github.com/go-kratos/kratos/v2/middleware/recovery"
	"github.com/go-kratos/kratos/v2/middleware/tracing"
	"github.com/go-kratos/kratos/v2/transport/http"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"example.com/ostov/bench/http/servers"
)

func main() {
	s := http.NewServer(http.Middleware(
		recovery.Recovery(),
		tracing.Server(tracing.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())))),
		logging.Server(log.NewStdLogger(os.Stderr)),
	))
	s.Route("/").GET("/hello/{name}", func(c http.Context) error {
		http.SetOperation(c, "/hello")
		answer, err := c.Middleware(func(context.Context, any) (any, error) {
			return servers.Greet(c.Vars().Get("name")), nil
		})(c, nil)
		if err != nil {
			return err
		}
		return c.Result(200, answer)
	})
	servers.Run(func(ctx context.Context) error { return servers.Serve(ctx, servers.WithTimeouts(s)) })
}
