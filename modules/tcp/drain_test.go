package tcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/tcp"
)

// held is a server whose answers wait for release, or for the end of their
// context where they heed it.
type held struct {
	tcp.LineServer
	begun   chan string
	release chan struct{}
}

func newHeld(heedsContext bool) *held {
	h := &held{begun: make(chan string, 1000), release: make(chan struct{})}
	h.LineServer = tcp.LineServer{
		Name: "held",
		Answer: func(ctx context.Context, line []byte, w io.Writer) error {
			h.begun <- string(line)
			done := ctx.Done()
			if !heedsContext {
				done = nil
			}
			select {
			case <-h.release:
			case <-done:
				return context.Cause(ctx)
			}
			_, err := fmt.Fprintf(w, "[%s]\n", line)
			return err
		},
	}
	return h
}

// Contract B124.
func TestStopLosesNoAnswer(t *testing.T) {
	t.Parallel()

	const idle, busy = 50, 50
	h := newHeld(true)
	k := start(t, server(h.LineServer))
	var clients []*client
	for range idle {
		clients = append(clients, k.dial())
	}
	for i := range busy {
		c := k.dial()
		c.send(fmt.Sprintf("%d\nnext\nhalf a li", i))
		clients = append(clients, c)
	}
	for range busy {
		<-h.begun
	}
	for _, c := range clients[idle:] {
		c.send("ne, and lines that are not read any more\nnor answered\n")
	}

	url := k.URLs()[0]
	stopped := k.stopAside()
	for _, c := range clients[:idle] {
		c.wantEnd("") // although nothing is released yet
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(url, "tcp://")); err == nil {
		_ = conn.Close()
		t.Error("a new connection is accepted during the drain")
	}
	if urls := k.URLs(); urls != nil {
		t.Errorf("URLs during the drain = %q; want none", urls)
	}
	select {
	case <-stopped:
		t.Fatal("the stop ended before the answers under way")
	default:
	}

	close(h.release)
	for i, c := range clients[idle:] {
		c.wantEnd(fmt.Sprintf("[%d]\n[next]\n", i))
	}
	<-stopped
	k.wantLogged(zap.WarnLevel, 0)
	k.wantLogged(zap.ErrorLevel, 0)
}

func TestStopEndsAtOnceWhereNothingIsUnderWay(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(echo()))
		silent, waiting, begun := k.dial(), k.dial(), k.dial()
		waiting.send("a\n")
		waiting.want("[a]\n")
		begun.send("half a li")
		synctest.Wait()

		k.stopTakes(0)
		for _, c := range []*client{silent, waiting, begun} {
			c.wantEnd("")
		}
	})
}

func TestHandlersAreCancelledInTheLastSecondOfTheDrain(t *testing.T) {
	t.Parallel()

	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		h := newHeld(true)
		answer := h.Answer
		h.Answer = func(ctx context.Context, line []byte, w io.Writer) error {
			if got := ctx.Value(key{}); got != "value" {
				t.Errorf("value in the context of an answer = %v; want that of the start", got)
			}
			return answer(ctx, line, w)
		}
		k := build(t, server(h.LineServer))
		k.pipes = testkit.NewPipes()
		k.SetListeners(k.pipes)
		k.serve(context.WithValue(t.Context(), key{}, "value"))
		c := k.dial()
		c.send("a\n")
		<-h.begun

		k.stopTakes(9 * time.Second) // drain_timeout less its last second
		c.wantEnd("")
		k.wantLogged(zap.WarnLevel, 1)
		k.wantLogged(zap.ErrorLevel, 0)
		if got := fmt.Sprint(k.logs.FilterLevelExact(zap.WarnLevel).All()[0].ContextMap()); !strings.Contains(got, "cancelled:map[held:1]") {
			t.Errorf("warning = %v; want how many sessions of which server were cancelled", got)
		}
	})
}

func TestLinesAreNotBegunOnceTheirContextHasEnded(t *testing.T) {
	t.Parallel()

	s := echo()
	s.Answer = func(ctx context.Context, line []byte, w io.Writer) error {
		<-ctx.Done()
		_, err := fmt.Fprintf(w, "no time for %s\n", line)
		return err
	}
	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(s))
		c := k.dial()
		c.send("a\nb\n")
		synctest.Wait()
		go c.wantEnd("no time for a\n")
		k.stop()
		synctest.Wait()
		k.wantLogged(zap.ErrorLevel, 0)
	})
}

func TestContextOfASessionEndsWithTheStop(t *testing.T) {
	t.Parallel()

	contexts := make(chan context.Context, 1)
	k := start(t, stream(func(ctx context.Context, conn net.Conn) error {
		contexts <- ctx
		return copyBack(ctx, conn)
	}))
	k.dial()
	ctx := <-contexts
	if err := ctx.Err(); err != nil {
		t.Errorf("context while serving: %v; want it alive", err)
	}
	k.stop()
	if ctx.Err() == nil {
		t.Error("the context is alive after the stop; want what a handler left behind to hear of it")
	}
}

func TestHandlerThatWaitsForItsClientIsClosedAtTheEndOfTheDrain(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, server(echo()), configured(func(c *tcp.Config) { c.WriteTimeout = time.Hour }))
		k.dial().send("a\n") // and does not read the answer
		synctest.Wait()

		k.stopTakes(10 * time.Second) // drain_timeout
		k.wantLogged(zap.WarnLevel, 1)
	})
}

func TestHandlerThatIgnoresEverythingIsNamedAndLeftBehind(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		budget time.Duration // of the engine; 0: no limit
		want   time.Duration
	}{
		{"within drain_timeout", 0, 10*time.Second + 100*time.Millisecond},
		{"within what is left of the stop", 4 * time.Second, 3900 * time.Millisecond},
		{"with nothing left of the stop", time.Nanosecond, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHeld(false)
				k := startPipes(t, server(h.LineServer))
				c := k.dial()
				c.send("a\n")
				<-h.begun

				ctx := t.Context()
				if tt.budget > 0 {
					limited, cancel := context.WithTimeout(ctx, tt.budget)
					defer cancel()
					ctx = limited
				}
				at := time.Now()
				err := k.stopWithin(ctx)
				if took := time.Since(at); took != tt.want {
					t.Errorf("the stop took %v; want %v", took, tt.want)
				}
				if err == nil || !strings.Contains(err.Error(), "map[held:1]") {
					t.Errorf("stop = %v; want how many sessions of which server are left", err)
				}
				c.wantClosed()
				close(h.release)
			})
		})
	}
}

func TestClientsThatComeDuringAStopAreClosed(t *testing.T) {
	t.Parallel()

	for range 20 {
		k := start(t, server(echo()))
		address := strings.TrimPrefix(k.URLs()[0], "tcp://")
		var dialing sync.WaitGroup
		for range 10 {
			dialing.Go(func() {
				for {
					conn, err := net.Dial("tcp", address)
					if err != nil {
						return
					}
					_, _ = io.WriteString(conn, "a\n")
					_, _ = io.Copy(io.Discard, conn)
					_ = conn.Close()
				}
			})
		}
		c := k.dial()
		c.send("a\n")
		c.want("[a]\n")
		k.stop()
		dialing.Wait()
	}
}

func TestTakenPortFailsTheStartAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()

	taken := strings.TrimPrefix(start(t, server(echo())).URLs()[0], "tcp://")
	other := echo()
	other.Name, other.Address = "other", taken
	k := build(t, server(echo()), server(other))
	cleanup, err := k.Serve(func(error) {})(t.Context())
	if err == nil || cleanup != nil {
		t.Fatalf("Serve on a taken port: %v; want an error", err)
	}
	if want := "tcp server: listen on " + taken + ": address already in use"; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Serve = %q; want it to begin with %q", err, want)
	}
	if urls := k.URLs(); urls != nil {
		t.Errorf("URLs = %q; want none", urls)
	}
}
