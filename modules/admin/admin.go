package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
)

// Config is the "admin" section of the configuration.
type Config struct {
	Address string `yaml:"address" doc:"where to listen: host:port or unix:PATH"`
}

// DefaultConfig returns the settings of an admin server that nobody configured.
func DefaultConfig() Config { return Config{Address: "127.0.0.1:8081"} }

// Validate refuses an address that cannot be listened on.
func (c Config) Validate() error {
	if err := listen.Validate(c.Address); err != nil {
		return config.Invalid("address", "%v", err)
	}
	return nil
}

// Server answers the probes of an orchestrator.
type Server struct {
	config    Config
	http      *http.Server
	listeners []net.Listener
}

// New builds a server. It does not listen yet.
func New(c Config, checks *health.Registry, log *zap.Logger) *Server {
	mux := http.NewServeMux()
	for path, kind := range map[string]health.Kind{
		"/livez": health.KindLive, "/readyz": health.KindReady, "/startupz": health.KindStartup,
	} {
		mux.Handle("GET "+path, probe(checks, kind))
	}
	return &Server{
		config: c,
		http: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          zap.NewStdLog(log.Named("admin")),
		},
	}
}

// probe answers with a status only: it is open to all.
func probe(checks *health.Registry, kind health.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := checks.Err(r.Context(), kind); err != nil {
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// Serve returns what listens and serves, and on stop ends after the answers
// under way. ended hears of an end that nobody asked for.
func (s *Server) Serve(ended func(error)) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		listeners, err := listen.All(ctx, s.config.Address)
		if err != nil {
			return nil, err
		}
		s.listeners = listeners
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := s.http.Serve(listeners[0]); !errors.Is(err, http.ErrServerClosed) {
				ended(fmt.Errorf("admin server stopped serving: %w", err))
			}
		}()
		return func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := s.http.Shutdown(ctx)
			if err != nil {
				err = s.http.Close() // who still reads has had a second
			}
			<-done
			return err
		}, nil
	}
}

// URLs returns where the server can be reached, once it listens.
func (s *Server) URLs() []string {
	var urls []string
	for _, l := range s.listeners {
		urls = append(urls, listen.URL("http", l.Addr()))
	}
	return urls
}
