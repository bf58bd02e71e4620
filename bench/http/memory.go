package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"example.com/ostov/bench/program"
)

// memory prints what is resident with so many connections open and idle.
func memory(ctx context.Context, all []*server) error {
	fmt.Printf("\nResident memory with idle connections.\n\n| connections | 1 | 1,000 | 10,000 | one more |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, s := range all {
		if s.name != bare && s.name != timeouts && s.name != ours && s.name != stack {
			continue
		}
		if err := row(ctx, s, s.name+", keep-alive", keepAlive); err != nil {
			return err
		}
		if s.name == ours {
			if err := row(ctx, s, s.name+", TCP session", lineSession); err != nil {
				return err
			}
		}
	}
	return nil
}

// row prints one line of the table.
func row(ctx context.Context, s *server, name string, open func(context.Context, *program.Program) (net.Conn, error)) error {
	p, err := s.start(ctx)
	if err != nil {
		return err
	}
	defer func() { _, _ = p.Stop() }()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	fmt.Printf("| %s", name)
	var first, last int
	for _, n := range []int{1, 1_000, 10_000} {
		for len(conns) < n {
			c, err := open(ctx, p)
			if err != nil {
				return fmt.Errorf("%s, connection %d: %w", name, len(conns), err)
			}
			conns = append(conns, c)
		}
		if last, err = p.Resident(); err != nil {
			return err
		}
		if n == 1 {
			first = last
		}
		fmt.Printf(" | %.1f MB", float64(last)/1e6)
	}
	fmt.Printf(" | %.1f kB |\n", float64(last-first)/float64(len(conns)-1)/1e3)
	return nil
}

// keepAlive asks once and keeps the connection.
func keepAlive(ctx context.Context, p *program.Program) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address(p))
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "GET /hello/world HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // all has been read
	_, err = io.Copy(io.Discard, answer.Body)
	return c, err
}

// lineSession asks one line and keeps the session.
func lineSession(ctx context.Context, p *program.Program) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", p.TCP)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "rook\n"); err != nil {
		return nil, err
	}
	_, err = c.Read(make([]byte, 4096))
	return c, err
}
