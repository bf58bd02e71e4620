// Package servers is what the servers of the comparison share: their answer and
// how they are run.
package servers

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"
)

// Greeting is the answer to GET /hello/:name.
type Greeting struct {
	Message string `json:"message"`
}

// Greet returns the answer.
func Greet(name string) Greeting { return Greeting{"Hello, " + name + "!"} }

// WithTimeouts returns a server with the time-outs that Ostov has.
func WithTimeouts(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// Run is the program of a server: it serves until an interrupt.
func Run(serve func(ctx context.Context) error) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// Serve serves on a free port, which it prints, until ctx ends.
func Serve(ctx context.Context, s *http.Server) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	Ready(l.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Ready says that the server accepts connections.
func Ready(address string) { fmt.Printf("Serving on http://%s\n", address) }

// FreeAddress is for servers that take no listener: it is free now.
func FreeAddress(ctx context.Context) (host string, port int, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", 0, err
	}
	a := l.Addr().(*net.TCPAddr)
	return a.IP.String(), a.Port, l.Close()
}

// Await waits until the address accepts connections, and says so.
func Await(ctx context.Context, host string, port int) error {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", address); err == nil {
			Ready(address)
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
