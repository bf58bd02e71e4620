package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/tcp"
)

// Contract B119, B120, B123.
func TestLinesAreAnsweredInOrder(t *testing.T) {
	t.Parallel()

	k := start(t, server(echo()))
	tests := []struct{ name, sent, want string }{
		{"LF", "a\n", "[a]\n"},
		{"CRLF", "a\r\n", "[a]\n"},
		{"a lone CR does not end a line", "a\rb\n", "[a\rb]\n"},
		{"only one CR belongs to the end", "a\r\r\n", "[a\r]\n"},
		{"two in one segment", "a\nb\n", "[a]\n[b]\n"},
		{"empty lines", "\n\r\n\n", "[]\n[]\n[]\n"},
		{"the last one needs no LF", "a\nb", "[a]\n[b]\n"},
		{"the last one keeps its CR", "a\r", "[a\r]\n"},
		{"nothing", "", ""},
		{"NUL and invalid UTF-8", "\x00\xff\xf4\n", "[\x00\xff\xf4]\n"},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\n\x01", "[\x16\x03\x01\x02\x00\x01\x00]\n[\x01]\n"},
		{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "[GET / HTTP/1.1]\n[Host: x]\n[]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			for cut := range len(tt.sent) + 1 {
				c := newClient(t, k.dial().Conn)
				c.send(tt.sent[:cut])
				c.send(tt.sent[cut:])
				c.half()
				c.wantEnd(tt.want)
			}
		})
	}
}

// Contract B122.
func TestLineOverTheLimitEndsItsSessionOnly(t *testing.T) {
	t.Parallel()

	const limit = 5000 // no power of two
	s := echo()
	s.MaxLine = limit
	k := start(t, server(s))
	other := k.dial()
	other.send("a\n")
	other.want("[a]\n")

	full := strings.Repeat("x", limit)
	tests := []struct{ name, sent, want string }{
		{"as long as may be", full + "\n", "[" + full + "]\n"},
		{"as long as may be, with CR", full[1:] + "\r\n", "[" + full[1:] + "]\n"},
		{"as long as may be, at the end of input", full, "[" + full + "]\n"},
		{"the second as long as may be", "a\n" + full + "\n", "[a]\n[" + full + "]\n"},
		{"one byte more", full + "x\n", ""},
		{"one byte more, with CR", full + "\r\n", ""},
		{"one byte more, at the end of input", full + "x", ""},
		{"far more after a line", "a\n" + strings.Repeat(full, 4), "[a]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			c := newClient(t, k.dial().Conn)
			c.send(tt.sent)
			c.half()
			c.wantEnd(tt.want)
		})
	}

	other.send("b\n")
	other.want("[b]\n")
	t.Cleanup(func() { k.wantLogged(zap.ErrorLevel, 0) })
}

func TestLineMayHave8KiBUnlessToldOtherwise(t *testing.T) {
	t.Parallel()

	k := start(t, server(echo()))
	line := strings.Repeat("x", 8<<10)
	c := k.dial()
	c.send(line + "\n")
	c.want("[" + line + "]\n")
	c.send(line + "x\n")
	c.wantClosed()
}

// Contract B122, B123, B124.
func TestSilentClientIsClosedAtItsLimit(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		act  func(*client) // until the silence
		want time.Duration
	}{
		{"no byte at all", func(*client) {}, 10 * time.Second},
		{"half a line", func(c *client) { c.send("a") }, 30 * time.Second},
		{"a line that trickles", func(c *client) {
			for range 6 {
				c.send("a")
				<-time.After(5 * time.Second)
			}
		}, 30 * time.Second},
		{"after an answer", func(c *client) { c.send("a\n"); c.want("[a]\n") }, 5 * time.Minute},
		{"half a line after an answer", func(c *client) { c.send("a\nb"); c.want("[a]\n") }, 30 * time.Second},
		{"half a line after one that took long", func(c *client) {
			c.send("a")
			<-time.After(20 * time.Second)
			c.send("\nb")
			c.want("[a]\n")
		}, 50 * time.Second},
		{"half a line a minute after an answer", func(c *client) {
			c.send("a\n")
			c.want("[a]\n")
			<-time.After(time.Minute)
			c.send("b")
		}, 90 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := startPipes(t, server(echo()))
				begun := time.Now()
				c := k.dial()
				tt.act(c)
				c.wantEnd("")
				if took := time.Since(begun); took != tt.want {
					t.Errorf("closed after %v; want %v", took, tt.want)
				}
				synctest.Wait()
				k.wantLogged(zap.ErrorLevel, 0)
			})
		})
	}
}

func TestServerHasTimeOutsOfItsOwn(t *testing.T) {
	t.Parallel()

	s := echo()
	s.FirstByteTimeout, s.IdleTimeout = time.Hour, time.Minute
	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(s))
		begun := time.Now()
		c := k.dial()
		<-time.After(59 * time.Minute)
		c.send("a\n")
		c.want("[a]\n")
		c.wantEnd("")
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("closed after %v; want 59m and then 1m of silence", took)
		}
	})
}

func TestClientThatDoesNotReadIsClosed(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(echo()))
		c := k.dial()
		begun := time.Now()
		c.send("a\n")
		if _, err := io.WriteString(c, "b\n"); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("second line: %v; want it refused by the end of the session", err)
		}
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("closed after %v; want 10s", took)
		}
		synctest.Wait()
		k.wantLogged(zap.ErrorLevel, 0)
	})
}

func TestEachPartOfALongAnswerHasItsOwnTime(t *testing.T) {
	t.Parallel()

	const parts = 8
	s := echo()
	s.Answer = func(_ context.Context, _ []byte, w io.Writer) error {
		_, err := w.Write(make([]byte, parts<<14))
		return err
	}
	synctest.Test(t, func(t *testing.T) {
		c := startPipes(t, server(s)).dial()
		c.send("a\n")
		part := make([]byte, 1<<14)
		for i := range parts {
			<-time.After(9 * time.Second)
			if _, err := io.ReadFull(c, part); err != nil {
				t.Fatalf("part %d of %d, read after 9 s each: %v", i+1, parts, err)
			}
		}
	})
}

// Contract B121.
func TestErrCloseEndsTheSessionAfterWhatWasWritten(t *testing.T) {
	t.Parallel()

	s := echo()
	s.Answer = func(_ context.Context, _ []byte, w io.Writer) error {
		_, _ = io.WriteString(w, "bye\n")
		return fmt.Errorf("the client said so: %w", tcp.ErrClose)
	}
	k := start(t, server(s))
	c := k.dial()
	c.send("quit\nmore\nand more")
	c.wantEnd("bye\n")
	k.stop()
	k.wantLogged(zap.ErrorLevel, 0)
}

// A client that is sending when its session ends would lose what it was sent to a
// reset.
func TestClientThatSendsOnIsReadForAMoment(t *testing.T) {
	t.Parallel()

	bye := echo()
	bye.Answer = func(_ context.Context, _ []byte, w io.Writer) error {
		_, _ = io.WriteString(w, "bye\n")
		return tcp.ErrClose
	}
	short := echo()
	short.MaxLine = 1
	tests := []struct {
		name   string
		server tcp.LineServer
		end    func(*kit, *client)
		want   bool
	}{
		{"after ErrClose", bye, func(_ *kit, c *client) { c.send("a\n"); c.want("bye\n") }, true},
		{"after too long a line", short, func(_ *kit, c *client) { c.send("abc") }, true},
		{"after an answer that a stop waited for", echo(), func(k *kit, c *client) {
			c.send("a\n")
			synctest.Wait()
			k.stopAside()
			synctest.Wait()
			c.want("[a]\n")
		}, true},
		{"not where it was silent", echo(), func(k *kit, _ *client) { k.stop() }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := startPipes(t, server(tt.server))
				c := k.dial()
				tt.end(k, c)
				at := time.Now()
				for {
					if _, err := c.Write([]byte("more\n")); err != nil {
						break
					}
					<-time.After(200 * time.Millisecond)
				}
				var want time.Duration
				if tt.want {
					want = 600 * time.Millisecond // the first try after 500
				}
				if took := time.Since(at); took != want {
					t.Errorf("closed %v after the session; want %v", took, want)
				}
			})
		})
	}
}

func TestClientThatSendsOnIsNotReadForLong(t *testing.T) {
	t.Parallel()

	s := echo()
	s.Answer = func(context.Context, []byte, io.Writer) error { return tcp.ErrClose }
	c := startPipes(t, server(s)).dial()
	c.send("a\n")
	sent, err := c.Write(make([]byte, 1<<20))
	if err == nil || sent > 64<<10 {
		t.Errorf("%d bytes were read after the session (%v); want at most 64 KiB", sent, err)
	}
}

func TestErrorOfAnAnswerIsLoggedOnceAndNotSent(t *testing.T) {
	t.Parallel()

	s := echo()
	s.Answer = func(_ context.Context, _ []byte, w io.Writer) error {
		_, _ = io.WriteString(w, "half an ans")
		return errors.New("the index is gone")
	}
	k := start(t, server(s))
	c := k.dial()
	c.send("a\nb\n")
	c.wantClosed()
	k.stop()
	k.wantLogged(zap.ErrorLevel, 1)
	record := k.logs.FilterLevelExact(zap.ErrorLevel).All()[0]
	if got := fmt.Sprint(record.ContextMap()); !strings.Contains(got, "the index is gone") || !strings.Contains(got, "server:echo") {
		t.Errorf("record = %v; want the error and the server", got)
	}
}

func TestPanicEndsItsSessionOnly(t *testing.T) {
	t.Parallel()

	s := echo()
	answer := s.Answer
	s.Answer = func(ctx context.Context, line []byte, w io.Writer) error {
		if string(line) == "panic" {
			panic("out of order")
		}
		return answer(ctx, line, w)
	}
	k := start(t, server(s))
	other, c := k.dial(), k.dial()
	c.send("panic\n")
	c.wantClosed()
	other.send("a\n")
	other.want("[a]\n")
	k.stop()
	k.wantLogged(zap.ErrorLevel, 1)
	record := k.logs.FilterLevelExact(zap.ErrorLevel).All()[0]
	if !strings.Contains(fmt.Sprint(record.ContextMap()["error"]), "out of order") || !strings.Contains(record.Stack, "line_test.go") {
		t.Errorf("record = %v; want the panic and the stack of the handler", record)
	}
}

func TestClientThatIsGoneIsNoError(t *testing.T) {
	t.Parallel()

	k := start(t, server(echo()))
	c := k.dial()
	c.send("half a li")
	if err := c.Conn.(*net.TCPConn).SetLinger(0); err != nil { // Close resets
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	k.stop()
	k.wantLogged(zap.ErrorLevel, 0)
	k.wantLogged(zap.WarnLevel, 0)
}
