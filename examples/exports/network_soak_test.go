//go:build soak

package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/ostov/apptest/databasetest"
)

// Reliability 51. A network that is silent is worse than one that refuses.
func TestANetworkThatIsSilentForHalfAMinuteLosesNoJob(t *testing.T) {
	t.Parallel()

	const limit = 35 * time.Second // http.handler_timeout, and time to answer
	server := databasetest.NewServer(t)
	line := newCable(t, server.URL)
	p := start(t, line.url, quick...)
	p.endure(t, 2000, 5, func() {
		line.silence()
		silent := time.Now()
		var order sync.WaitGroup
		defer order.Wait() // it speaks to t
		order.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if status, body := ask(ctx, http.MethodPost, p.url+"/test/insert/mark?from=0&until=1", ""); status < 500 {
				t.Errorf("an order that nobody hears is answered %d %s; want 500 or more within %v", status, body, limit)
			}
			t.Logf("an order was refused after %v", time.Since(silent).Round(time.Millisecond))
		})
		p.ready(t, http.StatusServiceUnavailable, 10*time.Second)
		order.Wait()
		pause(t, 30*time.Second-time.Since(silent))
		line.cut()
		p.goOn(t)
	})
}

// Reliability 52.
func TestConnectionsThatTheServerEndsLoseNoJob(t *testing.T) {
	t.Parallel()

	server := databasetest.NewServer(t)
	p := start(t, server.URL, quick...)
	db := open(t, server.URL)
	p.endure(t, 4000, 300, func() { // work for half a minute
		ended := 0
		for range 60 {
			pause(t, 500*time.Millisecond)
			var n int
			if err := db.Reader().QueryRowContext(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
				t.Error(err)
			}
			ended += n
		}
		over := time.Now()
		p.ready(t, http.StatusOK, 10*time.Second)
		for listening := false; !listening && time.Since(over) < 10*time.Second; {
			pause(t, 50*time.Millisecond)
			if err := db.Reader().QueryRowContext(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%')").Scan(&listening); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(over); took > 10*time.Second {
			t.Errorf("nobody listens %v after the last connection was ended", took)
		}
		if ended < 20 {
			t.Errorf("only %d connections were ended; want the storm to meet some", ended)
		}
		t.Logf("%d connections were ended; listening again after %v", ended, time.Since(over).Round(time.Millisecond))
	})
}

// cable is a way to a server over TCP that can go silent: what is sent is
// taken and goes nowhere, and nobody hears of it.
type cable struct {
	url string

	mu     sync.Mutex
	silent chan struct{} // closes when it is cut; nil: it is not silent
	ends   []net.Conn
}

// newCable leads to the unix socket that a URL names.
func newCable(t *testing.T, database string) *cable {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{url: "postgres://postgres@" + listener.Addr().String() + u.Path + "?sslmode=disable"}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			c.ends = append(c.ends, near, far)
			c.mu.Unlock()
			all.Go(func() { c.carry(near, far) })
			all.Go(func() { c.carry(far, near) })
		}
	})
	t.Cleanup(func() { listener.Close(); c.cut(); all.Wait() })
	return c
}

// carry takes what comes from one end to the other.
func (c *cable) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		c.mu.Lock()
		silent := c.silent
		c.mu.Unlock()
		if silent != nil {
			<-silent
			return
		}
		if _, failed := to.Write(b[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (c *cable) silence() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = make(chan struct{})
}

// cut ends all connections. New ones are carried again.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent != nil {
		close(c.silent)
		c.silent = nil
	}
	for _, end := range c.ends {
		end.Close()
	}
	c.ends = nil
}
