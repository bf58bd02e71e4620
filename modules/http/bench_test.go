package httpserver_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	httpserver "example.com/ostov/modules/http"
)

// answer is a http.ResponseWriter that costs nothing.
type answer struct{ header http.Header }

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { return len(p), nil }
func (a *answer) WriteHeader(int)             {}

// BenchmarkStack compares the whole stack, its JSON access record included,
// with bare Echo.
func BenchmarkStack(b *testing.B) {
	greet := func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"hello": c.Param("name")})
	}
	bare := echo.New()
	bare.GET("/hello/:name", greet)

	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zapcore.InfoLevel))
	full, err := httpserver.New(httpserver.Params{
		Config: httpserver.DefaultConfig(), Log: log, Stopping: make(chan struct{}),
		Routes: []httpserver.Route{{Method: http.MethodGet, Path: "/hello/:name", Handler: greet}},
	})
	if err != nil {
		b.Fatal(err)
	}

	for name, handler := range map[string]http.Handler{"bare Echo": bare, "the stack": full.Server} {
		b.Run(name, func(b *testing.B) {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/hello/world", http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			r.RequestURI, r.RemoteAddr = "/hello/world", "127.0.0.1:54321"
			w := &answer{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
		})
	}
}
