package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zapio"

	"example.com/ostov/health"
	"example.com/ostov/internal/drain"
	"example.com/ostov/internal/listen"
	"example.com/ostov/internal/typed"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/telemetry"
)

// Server is Echo behind an http.Server and listeners of our own.
type Server struct {
	config   Config
	log      *zap.Logger
	health   *health.Registry
	stopping lifecycle.Stopping
	listen   func(ctx context.Context, addresses ...string) ([]net.Listener, error)

	echo      *echo.Echo
	routes    *routes
	described func() error // the routes that there are when it is first called, in the document
	document  func() (document, error)
	instruments
	fields sync.Pool // of *[]zap.Field, for access records
	http   *http.Server

	// From here on set by Serve.
	tls       *tls.Config // nil: plain HTTP
	urls      atomic.Pointer[[]string]
	base      context.Context // of all requests
	cancel    context.CancelCauseFunc
	listeners []net.Listener
	serve     func(net.Listener) error
	serving   sync.WaitGroup // one goroutine for each listener, and those of turnAway

	ending   atomic.Bool   // the listeners are being closed
	draining chan struct{} // closes when they are
	requests drain.Set[*exchange]
	http1    drain.Set[*conn] // open connections, hijacked ones included
	http2    drain.Set[*conn]
	sweeping atomic.Bool // connections that turn idle are closed at once
	turned   chan struct{}
}

// New builds a server for the routes of all modules. It does not listen yet.
// Two routes for the same requests are an error, and so are those that Echo
// would not serve as they are written.
func New(p Params) (Result, error) {
	s := &Server{
		config:   p.Config,
		log:      p.Log.Named("http"),
		health:   p.Health,
		stopping: p.Stopping,
		listen:   p.Inherited.All,
		fields:   sync.Pool{New: func() any { return new([]zap.Field) }},
		draining: make(chan struct{}),
		turned:   make(chan struct{}, maxTurnedAway),
	}
	if err := s.instrument(p); err != nil {
		return Result{}, fmt.Errorf("http server: %w", err)
	}
	s.echo = s.newEcho()
	s.routes = watch(s.echo, typed.NewAPI(cmp.Or(p.App.Name, "API"), apiVersion))
	s.described, s.document = sync.OnceValue(s.routes.describe), sync.OnceValues(s.write)
	if err := s.routes.add(slices.Concat(s.probes(), s.docs(), p.Routes)); err != nil {
		return Result{}, fmt.Errorf("http server: %w", err)
	}
	s.http = s.newHTTP()
	return Result{Server: s, Echo: s.echo, Endpoint: container.Endpoint{Name: "http", URLs: s.URLs}}, nil
}

func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError
	e.IPExtractor, e.SchemeExtractor = s.config.extractors()
	e.Logger.SetOutput(&zapio.Writer{Log: s.log, Level: zapcore.WarnLevel})
	e.Logger.SetHeader("${message}")
	e.StdLogger = zap.NewStdLog(s.log)
	e.Pre(chain(s.stack()))
	return e
}

func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.config.ReadHeaderTimeout,
		ReadTimeout:       s.config.ReadTimeout,
		WriteTimeout:      s.config.WriteTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    s.config.MaxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
		ErrorLog:          log.New(errorLog{s.log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return s.base },
		ConnState:         s.connState,
	}
}

// errorLog is where net/http writes what goes wrong outside of handlers. A
// handshake that fails is the matter of a client, of which there are many.
type errorLog struct{ log *zap.Logger }

func (l errorLog) Write(p []byte) (int, error) {
	level, text := zapcore.WarnLevel, strings.TrimSpace(string(p))
	if strings.HasPrefix(text, "http: TLS handshake error") {
		level = zapcore.DebugLevel
	}
	l.log.Log(level, text)
	return len(p), nil
}

// ServeHTTP answers one request. It is known to the drain until it returns.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{
		ResponseWriter: w,
		requestContext: requestContext{Context: r.Context(), since: time.Now()},
		server:         s,
		request:        r,
	}
	s.requests.Add(x)
	defer s.requests.Remove(x)
	s.echo.ServeHTTP(x, r.WithContext(x))
	x.sayClose() // where nothing was written, net/http does it now
}

// URLs returns how clients reach the server, none before it listens. It may be
// called from any goroutine.
func (s *Server) URLs() []string {
	if urls := s.urls.Load(); urls != nil {
		return *urls
	}
	return nil
}

// Serve returns the life of the server, for once. Its Setup binds every address
// or none, so that a taken port fails the start, and serves. Ended hears why a
// listener was not served any more, unless it was the stop that ended it.
//
// Its Cleanup is the drain. From the moment that lifecycle.Stopping closes,
// every answer says Connection: close (on HTTP/2: GOAWAY), so that clients turn
// elsewhere while the engine waits for its drain delay. The drain then
//
//  1. takes the connections that wait to be accepted, closes the listeners, and
//     tells the streams (see [Stream]);
//  2. goes on serving open connections, which close with their next answer. One
//     that has not begun a request half a second later is closed: to close it
//     at once would lose the requests that are on their way (golang/go#75591);
//  3. waits until the last HTTP/1 connection is closed, those that a handler
//     hijacked included, and tells HTTP/2 connections to go away: started
//     streams finish;
//  4. one second before drain_timeout, cancels the contexts of the handlers,
//     and at drain_timeout closes what is left.
//
// It ends as soon as nothing is open. Handlers that ended when cancelled are a
// warning in the log; the error names those that did not end.
func (s *Server) Serve(ended func(cause error)) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		if err := s.start(ctx, ended); err != nil {
			return nil, fmt.Errorf("http server: %w", err)
		}
		return s.drain, nil
	}
}

func (s *Server) start(ctx context.Context, ended func(error)) (err error) {
	if err = s.complete(); err != nil {
		return err
	}
	s.tls, err = listen.TLS(s.config.TLSCertificate, s.config.TLSKey, func(err error) {
		s.log.Error("the certificate was not read again; the one before stays in use", zap.Error(err))
	})
	if err != nil {
		return err
	}
	scheme := "http"
	s.serve = func(l net.Listener) error { return s.http.Serve(tracked{l, s}) }
	if s.tls != nil {
		scheme, s.http.TLSConfig = "https", s.tls
		s.serve = func(l net.Listener) error { return s.http.ServeTLS(tracked{l, s}, "", "") }
	}

	if s.listeners, err = s.listen(ctx, listen.Split(s.config.Address)...); err != nil {
		return err
	}
	s.base, s.cancel = context.WithCancelCause(telemetry.Untraced(ctx))

	var urls []string
	for _, l := range s.listeners {
		url := listen.URL(scheme, l.Addr())
		urls = append(urls, url)
		s.serving.Go(func() {
			l := listen.Limit(l, s.config.MaxConnections, s.config.MaxConnectionsPerClient, s.turnAway)
			err := s.serve(l)
			if !s.ending.Load() {
				ended(fmt.Errorf("http server: %s is not served any more: %w", url, err))
			}
		})
	}
	s.urls.Store(&urls)
	return nil
}
