// Package load puts an HTTP/1.1 server under load and tells the kinds of
// failure apart, which http.Client cannot: it sends a request again where a
// kept connection failed. It is for tests and benchmarks.
package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Load is what clients do, each in a closed loop: connect where there is no
// connection to use again, send a GET request, read the answer, think.
type Load struct {
	Address string        // host:port of the server
	Path    string        // what is asked for; empty: /
	Clients int           // at the same time; 0: 1
	Close   bool          // each request has a new connection, and says Connection: close
	Think   time.Duration // after an answer, a client waits for a random time below it
	Count   int           // requests to send, all clients together; 0: until the context ends
	Timeout time.Duration // of each request, connecting included; 0: 10s

	// Dial connects. Nil: TCP to Address.
	Dial func(ctx context.Context) (net.Conn, error)
}

const (
	// pause is how long a client waits after it was refused.
	pause = 5 * time.Millisecond

	// quiet is after what time a server that drains may close a connection on which
	// nothing comes: a client that the machine held for so long meets that.
	quiet = 500 * time.Millisecond
)

// Run sends requests until Count are sent or ctx ends; requests under way are
// then finished. It returns when the last client has.
func (l Load) Run(ctx context.Context) Result {
	l.Clients = max(l.Clients, 1)
	if l.Path == "" {
		l.Path = "/"
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	if l.Dial == nil {
		l.Dial = func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Address)
		}
	}
	request := "GET " + l.Path + " HTTP/1.1\r\nHost: " + l.Address + "\r\n"
	if l.Close {
		request += "Connection: close\r\n"
	}

	var sent atomic.Int64
	clients := make([]client, l.Clients)
	var running sync.WaitGroup
	for i := range clients {
		c := &clients[i]
		c.Load, c.request, c.Statuses = l, []byte(request+"\r\n"), make(map[int]int)
		running.Go(func() {
			defer c.hangUp()
			for ctx.Err() == nil && (l.Count == 0 || sent.Add(1) <= int64(l.Count)) {
				if rest := c.once(ctx); rest > 0 {
					wait(ctx, rest)
				}
			}
		})
	}
	running.Wait()

	all := Result{Statuses: make(map[int]int)}
	for i := range clients {
		all.add(clients[i].Result)
	}
	return all
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// client is one of many, with what it saw.
type client struct {
	Load
	Result
	request []byte

	conn   net.Conn // nil: none to use again
	reader *bufio.Reader
	reused bool
	sent   time.Time // when the last request was
}

// once sends one request and returns how long to wait before the next one.
func (c *client) once(ctx context.Context) (rest time.Duration) {
	// The end of ctx ends the load, not the request.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
	defer cancel()
	began := time.Now()
	if c.conn == nil {
		conn, err := c.Dial(ctx)
		if err != nil {
			c.fail(&c.Refused, "connect", err)
			return pause
		}
		c.conn, c.reader, c.reused = conn, bufio.NewReader(conn), false
	}
	status, kept := c.exchange(began.Add(c.Timeout))
	if status == 0 {
		c.hangUp()
		return 0
	}
	c.Latencies = append(c.Latencies, time.Since(began))
	c.Statuses[status]++
	c.reused = true
	if !kept || c.Close {
		c.hangUp()
	}
	if c.Think > 0 {
		return rand.N(c.Think)
	}
	return 0
}

// exchange sends the request, also on a connection that the server may have
// closed meanwhile, and reads the answer. Without a whole one, status is 0.
func (c *client) exchange(until time.Time) (status int, kept bool) {
	lost := &c.LostNew
	if c.reused {
		lost = &c.LostReused
	}
	if err := c.conn.SetDeadline(until); err != nil {
		return c.fail(lost, "send", err)
	}
	last := c.sent
	c.sent = time.Now()
	_, sendErr := c.conn.Write(c.request) // the server may have answered all the same
	if _, err := c.reader.Peek(1); err != nil {
		what := "read"
		if sendErr != nil {
			what, err = "send", sendErr
		}
		if c.reused && c.sent.Sub(last)-slices.Min(c.Latencies) >= quiet && !os.IsTimeout(err) {
			lost = &c.LostQuiet
		}
		return c.fail(lost, what, err)
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return c.fail(&c.Truncated, "read the head", err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close() // all has been read, or failed
	if err != nil {
		return c.fail(&c.Truncated, "read the body", err)
	}
	return answer.StatusCode, !answer.Close
}

// fail counts a failure and keeps the first one's words.
func (c *client) fail(kind *int, what string, err error) (status int, kept bool) {
	*kind++
	if c.First == nil {
		if os.IsTimeout(err) {
			err = fmt.Errorf("nothing for %v: %w", c.Timeout, err)
		}
		c.First = fmt.Errorf("%s: %s: %w", time.Now().Format("15:04:05.000"), what, err)
	}
	return 0, false
}

func (c *client) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close() // nobody is left to hear the error
		c.conn = nil
	}
}
