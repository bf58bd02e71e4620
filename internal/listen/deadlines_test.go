package listen_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/internal/listen"
)

func TestADeadlineEndsAReadWhenItIsMeant(t *testing.T) {
	t.Parallel()

	over := time.Unix(1, 0) // what net/http sets to end a read
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	tests := []struct {
		name          string
		before        func() []time.Time
		after         time.Duration // when meanwhile is set
		meanwhile     func() time.Time
		ends          time.Duration // 0: at once
		readsToTheEnd bool          // no deadline: what comes after an hour is read
	}{
		{name: "one", before: func() []time.Time { return []time.Time{in(time.Second)} }, ends: time.Second},
		{name: "a later one before the read", before: func() []time.Time { return []time.Time{in(time.Second), in(3 * time.Second)} }, ends: 3 * time.Second},
		{name: "an earlier one before the read", before: func() []time.Time { return []time.Time{in(3 * time.Second), in(time.Second)} }, ends: time.Second},
		{name: "one that is over", before: func() []time.Time { return []time.Time{over} }},
		{name: "one that has just passed", before: func() []time.Time { return []time.Time{in(-time.Nanosecond)} }},
		{name: "one that is over and then none", before: func() []time.Time { return []time.Time{over, {}} }, readsToTheEnd: true},
		{name: "one and then none", before: func() []time.Time { return []time.Time{in(time.Second), {}} }, readsToTheEnd: true},
		{name: "a later one during the read", before: func() []time.Time { return []time.Time{in(2 * time.Second)} }, after: time.Second, meanwhile: func() time.Time { return in(5 * time.Second) }, ends: 6 * time.Second},
		{name: "an earlier one during the read", before: func() []time.Time { return []time.Time{in(9 * time.Second)} }, after: time.Second, meanwhile: func() time.Time { return in(time.Second) }, ends: 2 * time.Second},
		{name: "the first one during the read", before: func() []time.Time { return nil }, after: time.Second, meanwhile: func() time.Time { return over }, ends: time.Second},
		{name: "none during the read", before: func() []time.Time { return []time.Time{in(2 * time.Second)} }, after: time.Second, meanwhile: func() time.Time { return time.Time{} }, readsToTheEnd: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, client := net.Pipe()
				c := listen.Deadlines(server)
				defer func() { _ = errors.Join(c.Close(), client.Close()) }()
				// What the connection knows from reads before is not what is meant.
				_ = c.SetReadDeadline(in(500 * time.Millisecond))
				go func() { _, _ = client.Write([]byte("a")) }()
				if _, err := c.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				_ = c.SetReadDeadline(time.Time{})

				began := time.Now()
				for _, at := range tt.before() {
					if err := c.SetReadDeadline(at); err != nil {
						t.Fatal(err)
					}
				}
				if tt.meanwhile != nil {
					time.AfterFunc(tt.after, func() { _ = c.SetReadDeadline(tt.meanwhile()) })
				}
				time.AfterFunc(time.Hour, func() { _, _ = client.Write([]byte("b")) })
				n, err := c.Read(make([]byte, 1))
				if tt.readsToTheEnd {
					if n != 1 || err != nil {
						t.Errorf("got %d bytes, %v; want what came after an hour", n, err)
					}
					return
				}
				if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != tt.ends {
					t.Errorf("ended after %v with %v; want %v after %v", took, err, os.ErrDeadlineExceeded, tt.ends)
				}
			})
		})
	}
}

func TestAWriteGoesOnAfterADeadlineThatIsNotMeant(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		c := listen.Deadlines(server)
		defer func() { _ = errors.Join(c.Close(), client.Close()) }()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		time.AfterFunc(time.Second/2, func() { _ = c.SetDeadline(time.Now().Add(time.Minute)) })
		go func() {
			n, err := c.Write([]byte("0123456789"))
			if n != 10 || err != nil {
				t.Errorf("wrote %d bytes, %v; want all 10", n, err)
			}
			_ = c.Close()
		}()
		first := make([]byte, 4)
		if _, err := io.ReadFull(client, first); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		rest, err := io.ReadAll(client)
		if got := string(first) + string(rest); got != "0123456789" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestLaterDeadlinesAreNotSet(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer func() { _ = errors.Join(server.Close(), client.Close()) }()
		counted := &counter{Conn: server}
		c := listen.Deadlines(counted)
		go func() { _, _ = io.Copy(client, client) }() // echoes
		for range 100 {                                // what net/http does for a request
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			_ = c.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := c.Write([]byte("a")); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			_ = c.SetReadDeadline(time.Unix(1, 0))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			_ = c.SetReadDeadline(time.Time{})
			<-time.After(time.Millisecond)
		}
		if counted.set != 2 {
			t.Errorf("deadlines were set %d times; want each once", counted.set)
		}
	})
}

type counter struct {
	net.Conn
	set int
}

func (c *counter) SetReadDeadline(at time.Time) error {
	c.set++
	return c.Conn.SetReadDeadline(at)
}

func (c *counter) SetWriteDeadline(at time.Time) error {
	c.set++
	return c.Conn.SetWriteDeadline(at)
}
