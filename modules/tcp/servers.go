package tcp

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"example.com/ostov/internal/drain"
	"example.com/ostov/internal/listen"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/telemetry"
)

// Definition is a [LineServer] or a [StreamServer].
type Definition interface {
	// define returns the server as one of s, with its defaults; its name is there
	// even beside an error.
	define(s *Servers) (definition, error)
}

// definition is what the two kinds of servers have in common.
type definition struct {
	name, address string
	handle        func(context.Context, *session) error
}

// Servers are the servers of all modules.
type Servers struct {
	config  Config
	log     *zap.Logger
	servers []definition // by name
	listen  func(ctx context.Context, addresses ...string) ([]net.Listener, error)
	outputs sync.Pool // of *bufio.Writer: a session that waits has none
	instruments

	stopping chan struct{} // closes when the stop begins
	sessions drain.Set[*session]

	// From here on set by Serve.
	secure    *tls.Config // nil: plain TCP
	urls      atomic.Pointer[[]string]
	cancel    context.CancelCauseFunc
	listeners []net.Listener
	accepting sync.WaitGroup // one goroutine for each listener
}

// New puts the servers of all modules together; nothing listens yet. It refuses
// two with the same name or the same address, and names both.
func New(p Params) (Result, error) {
	s := &Servers{config: p.Config, log: p.Log, listen: p.Inherited.All, stopping: make(chan struct{})}
	s.outputs.New = func() any { return bufio.NewWriter(nil) }
	for _, server := range p.Servers {
		d, err := server.define(s)
		if err == nil {
			err = s.add(d)
		}
		if err != nil {
			return Result{}, fmt.Errorf("tcp server %q: %w", d.name, err)
		}
	}
	slices.SortFunc(s.servers, func(a, b definition) int { return cmp.Compare(a.name, b.name) })
	if err := s.instrument(p); err != nil {
		return Result{}, fmt.Errorf("tcp server: %w", err)
	}
	return Result{Servers: s, Endpoint: container.Endpoint{Name: "tcp", URLs: s.URLs}}, nil
}

func (s *Servers) add(d definition) error {
	if d.name == "" {
		return errors.New("it has no Name")
	}
	for _, other := range s.servers {
		if other.name == d.name {
			return errors.New("another one has the same Name")
		}
		if other.address == "" && d.address == "" {
			return fmt.Errorf("it listens on tcp.address, and so does %q: give one of them an Address", other.name)
		}
		for _, address := range s.addresses(d) {
			if _, port, _ := net.SplitHostPort(address); port != "0" && slices.Contains(s.addresses(other), address) {
				return fmt.Errorf("it listens on %s, and so does %q: give one of them another Address", address, other.name)
			}
		}
	}
	for _, address := range s.addresses(d) {
		if err := listen.Validate(address); err != nil {
			return err
		}
	}
	s.servers = append(s.servers, d)
	return nil
}

func (s *Servers) addresses(d definition) []string {
	return listen.Split(cmp.Or(d.address, s.config.Address))
}

// URLs returns how clients reach the servers, none before they listen:
// tcp://host:port, tcp+unix://PATH, or with tls for tcp. It may be called from
// any goroutine.
func (s *Servers) URLs() []string {
	if urls := s.urls.Load(); urls != nil {
		return *urls
	}
	return nil
}

// Serve returns the life of the servers, for once. Its Setup binds all addresses
// or none, so that a taken port fails the start, and serves; ended hears of a
// listener that failed later. Without servers it does nothing.
//
// Its Cleanup closes the listeners and ends the sessions: at once where a
// client is silent, else when the lines that were read are answered. One second
// before tcp.drain_timeout the contexts of those left are cancelled, at the
// time-out their connections are closed. It returns when all have ended. Handlers
// that ended when cancelled are a warning in the log; the error tells how many
// did not end.
func (s *Servers) Serve(ended func(cause error)) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		if len(s.servers) == 0 {
			return nil, nil
		}
		if err := s.start(ctx, ended); err != nil {
			return nil, fmt.Errorf("tcp server: %w", err)
		}
		return s.drain, nil
	}
}

func (s *Servers) start(ctx context.Context, ended func(error)) (err error) {
	s.secure, err = listen.TLS(s.config.TLSCertificate, s.config.TLSKey, func(err error) {
		s.log.Error("the certificate was not read again; the one before stays in use", zap.Error(err))
	})
	if err != nil {
		return err
	}
	scheme := "tcp"
	if s.secure != nil {
		scheme = "tls"
	}

	var addresses []string
	var of []definition // of each address
	for _, d := range s.servers {
		for _, address := range s.addresses(d) {
			addresses, of = append(addresses, address), append(of, d)
		}
	}
	if s.listeners, err = s.listen(ctx, addresses...); err != nil {
		return err
	}

	ctx, s.cancel = context.WithCancelCause(telemetry.Untraced(ctx))
	var urls []string
	for i, l := range s.listeners {
		url := listen.URL(scheme, l.Addr())
		urls = append(urls, url)
		s.accepting.Go(func() {
			err := s.accept(ctx, listen.Limit(l, s.config.MaxConnections, s.config.MaxConnectionsPerClient, nil), of[i])
			if err != nil {
				ended(fmt.Errorf("tcp server %q: %s is not served any more: %w", of[i].name, url, err))
			}
		})
	}
	s.urls.Store(&urls)
	return nil
}
