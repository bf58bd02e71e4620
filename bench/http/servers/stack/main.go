// Command stack is Echo with what it and its ecosystem bring along for
// production: recover, request id, traces, metrics, a request log to buffered
// zap, secure headers, body limit and context time-out. Tracing is set up, and
// nothing is sampled.
package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo-contrib/echoprometheus"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/bench/http/servers"
)

func main() {
	log := zap.New(zapcore.NewCore(
		zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		&zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(os.Stderr)},
		zapcore.InfoLevel))
	e := echo.New()
	e.Use(
		middleware.Recover(),
		middleware.RequestID(),
		otelecho.Middleware("app",
			otelecho.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))),
			otelecho.WithPropagators(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))),
		echoprometheus.NewMiddleware("app"),
		middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
			LogMethod: true, LogURI: true, LogRoutePath: true, LogStatus: true, LogResponseSize: true,
			LogLatency: true, LogRemoteIP: true, LogRequestID: true, LogError: true, HandleError: true,
			LogValuesFunc: func(_ echo.Context, v middleware.RequestLoggerValues) error {
				log.Info("request",
					zap.String("method", v.Method), zap.String("uri", v.URI), zap.String("route", v.RoutePath),
					zap.Int("status", v.Status), zap.Int64("bytes", v.ResponseSize), zap.Duration("latency", v.Latency),
					zap.String("remote", v.RemoteIP), zap.String("request_id", v.RequestID), zap.Error(v.Error))
				return nil
			},
		}),
		middleware.Secure(),
		middleware.BodyLimit("1M"),
		middleware.ContextTimeout(25*time.Second),
	)
	e.GET("/hello/:name", func(c echo.Context) error { return c.JSON(http.StatusOK, servers.Greet(c.Param("name"))) })
	servers.Run(func(ctx context.Context) error { return servers.Serve(ctx, servers.WithTimeouts(e)) })
}
