package admin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
)

// patience is how long the stop waits for an answer.
const patience = 500 * time.Millisecond

// Server answers operators, and the probes of an orchestrator.
type Server struct {
	given     Params
	record    *zap.Logger
	build     build
	madeToken string // empty where one is configured
	guard     *guard
	mux       *http.ServeMux
	http      *http.Server
	urls      []string // set by Serve

	streams chan struct{} // those that are open
	over    chan struct{} // closes when the server ends: streams would hold it
}

// New builds a server, and a token where none is configured. It does not listen
// yet.
func New(p Params) *Server {
	s := &Server{
		given: p, record: p.Log.Named("admin"), build: newBuild(p.App.Name),
		streams: make(chan struct{}, maxStreams), over: make(chan struct{}),
	}
	token := p.Config.Token.Reveal()
	if token == "" {
		token = secret()
		s.madeToken = token
	}
	s.guard = &guard{
		token:    sha256.Sum256([]byte(token)),
		hosts:    slices.Clone(p.Config.Hosts),
		loopback: p.Config.loopback(),
		log:      s.record,
	}
	if host := p.Config.host(); host != "" {
		s.guard.hosts = append(s.guard.hosts, host)
	}
	s.mux = s.newMux()
	errorLog, _ := zap.NewStdLogAt(s.record, zapcore.WarnLevel) // fails for levels that zap does not have
	s.http = &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 30 * time.Second, // to which pprof adds the seconds that it is asked for
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               16 << 10,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     errorLog,
	}
	return s
}

// Serve returns the life of the server, for once. Its Setup listens and serves
// and, where the token was made, shows it once on the container's stderr, as a
// link. Ended hears why the server ended, unless it was the stop.
//
// Its Cleanup ends the server after the answers under way; who still takes a
// profile after half a second is cut off, and who does not read after two.
func (s *Server) Serve(ended func(cause error)) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		listeners, err := s.given.Inherited.All(ctx, s.given.Config.Address)
		if err != nil {
			return nil, fmt.Errorf("admin server: %w", err)
		}
		s.urls = []string{listen.URL("http", listeners[0].Addr())}
		base, cutOff := context.WithCancel(context.WithoutCancel(ctx))
		s.http.BaseContext = func(net.Listener) context.Context { return base }
		var serving sync.WaitGroup
		serving.Go(func() {
			if err := s.http.Serve(listen.Limit(listeners[0], 1000, 0, nil)); !errors.Is(err, http.ErrServerClosed) {
				ended(fmt.Errorf("admin server: %s is not served any more: %w", s.urls[0], err))
			}
		})
		if s.madeToken != "" {
			s.given.Container.Show("Operators enter by " + s.urls[0] + "/?token=" + s.madeToken + "\n")
		}
		return func(ctx context.Context) error {
			defer serving.Wait()
			defer cutOff()
			defer time.AfterFunc(patience, cutOff).Stop()
			close(s.over)
			for range 4 { // a machine that lets the process stand still takes one of them
				if s.shutdown(ctx) == nil {
					return nil
				}
			}
			return s.http.Close() // who does not read has had the time
		}, nil
	}
}

// shutdown waits for answers, and for no longer than patience. It may be called
// again.
func (s *Server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.http.Shutdown(ctx)
}

// URLs returns where the server can be reached, once it listens.
func (s *Server) URLs() []string { return s.urls }
