package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap/zapcore"

	httpserver "example.com/ostov/modules/http"
)

// Contract B49, B50, B54.
func TestStopFinishesRequestsUnderWayAndNoLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/slow", func(c echo.Context) error {
			pass(3 * time.Second)
			return c.String(http.StatusOK, strings.Repeat("x", 100_000))
		}))
		client := k.dial()
		client.get("/slow")
		synctest.Wait()

		done := k.stopAside()
		r, body := client.answer()
		if r.StatusCode != http.StatusOK || len(body) != 100_000 {
			t.Errorf("answer during the stop has status %d and %d bytes; want 200 and all 100000", r.StatusCode, len(body))
		}
		if !r.Close {
			t.Error("answer during the stop lacks Connection: close")
		}
		client.ends("")
		within(t, "stop", <-done, 3*time.Second, 3*time.Second+time.Millisecond)
		if n := k.logs.FilterLevelExact(zapcore.WarnLevel).Len(); n > 0 {
			t.Errorf("a stop in time logged %d warnings; want none", n)
		}
	})
}

// Contract B47, B48.
func TestStopRefusesNewConnectionsFirst(t *testing.T) {
	t.Parallel()

	entered, leave := make(chan struct{}), make(chan struct{})
	k := start(t, get("/slow", func(c echo.Context) error {
		close(entered)
		<-leave
		return hello(c)
	}))
	client := k.dial()
	client.get("/slow")
	<-entered
	done := k.stopAside()
	<-k.Draining()
	// The streams are told when the listeners are closed.
	if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", k.address()); err == nil {
		_ = c.Close()
		t.Error("a new connection was accepted during the drain; want it refused")
	}
	close(leave)
	if _, text := client.answer(); text != "hello" {
		t.Errorf("request under way was answered %q; want hello", text)
	}
	<-done
}

// The kernel resets what waits for a listener that is closed.
func TestConnectionsThatWaitToBeAcceptedAreServed(t *testing.T) {
	t.Parallel()

	k := build(t, get("/", hello))
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	k.SetListeners(&busy{TCPListener: l, closed: make(chan struct{})})
	k.serve(t.Context())
	clients := make([]*peer, 10)
	for i := range clients {
		clients[i] = k.dial()
		clients[i].get("/")
	}
	k.stop()
	for _, c := range clients {
		if _, text := c.answer(); text != "hello" {
			t.Errorf("a connection that waited got %q; want hello", text)
		}
	}
}

// busy is a listener whose server does not get round to accepting.
type busy struct {
	*net.TCPListener
	closed chan struct{}
	once   sync.Once
}

func (b *busy) Accept() (net.Conn, error) {
	<-b.closed
	return nil, net.ErrClosed
}

func (b *busy) Close() error {
	defer b.once.Do(func() { close(b.closed) })
	return b.TCPListener.Close()
}

// Contract B51.
func TestHandlerPastTheLimitIsCancelled(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var cause error
		k := startPipes(t, get("/stuck/:id", func(c echo.Context) error {
			err := stuck(c)
			cause = context.Cause(c.Request().Context())
			return err
		}))
		client := k.dial()
		client.get("/stuck/7")
		synctest.Wait()

		done := k.stopAside()
		if r, _ := client.answer(); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("cancelled request was answered %d; want 503", r.StatusCode)
		}
		within(t, "stop", <-done, 9*time.Second, 9*time.Second+time.Millisecond)
		if cause == nil || cause.Error() != "the server is stopping" {
			t.Errorf("the handler's context ended because of %v; want the stop", cause)
		}
		if got := fmt.Sprint(k.forced()); !strings.Contains(got, "cancelled:1") || !strings.Contains(got, "GET /stuck/:id (9s)") {
			t.Errorf("warning is %v; want the count, the route and its age", got)
		}
	})
}

// Contract B52.
func TestHandlerThatIgnoresItsCancellationIsNamed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leave := make(chan struct{})
		k := startPipes(t, get("/deaf", func(echo.Context) error {
			<-leave
			return nil
		}))
		client := k.dial()
		client.get("/deaf")
		synctest.Wait()

		began := time.Now()
		err := k.stopWithin(t.Context())
		if err == nil || !strings.Contains(err.Error(), "GET /deaf (10.1s)") {
			t.Errorf("stop = %v; want an error that names the handler and its age", err)
		}
		within(t, "stop", time.Since(began), 10*time.Second, 10*time.Second+200*time.Millisecond)
		client.ends("")
		close(leave)
		synctest.Wait()
	})
}

func TestHandlersAreCancelledWhereTheEngineHasNoTimeLeft(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/stuck", stuck))
		k.dial().get("/stuck")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if err := k.stopWithin(ctx); err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", time.Since(began), 0, 100*time.Millisecond)
		k.forced()
	})
}

func TestManyLateRequestsAreCountedAndSomeAreNamed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/stuck", stuck))
		for range 25 {
			client := k.dial()
			client.get("/stuck")
			go func() { _, _ = io.Copy(io.Discard, client) }()
		}
		synctest.Wait()
		k.stop()
		forced := k.forced()
		names, _ := forced["requests"].(string)
		if forced["cancelled"] != int64(25) || strings.Count(names, "GET /stuck") != 20 || !strings.HasSuffix(names, ", and 5 more") {
			t.Errorf("warning is %v; want 25 requests, 20 of them by name", forced)
		}
	})
}

// Contract B53.
func TestQuietConnectionsDoNotHoldTheStop(t *testing.T) {
	for _, tt := range []struct {
		name  string
		count int
		use   func(p *peer)
		want  time.Duration
	}{
		{name: "none at all"},
		{name: "never sent a byte", count: 100, use: func(*peer) {}, want: 500 * time.Millisecond},
		{name: "idle after an answer", count: 100, use: func(p *peer) {
			p.get("/")
			p.answer()
		}, want: 500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				k := startPipes(t)
				peers := make([]*peer, tt.count)
				for i := range peers {
					peers[i] = k.dial()
					tt.use(peers[i])
				}
				synctest.Wait()

				within(t, "stop", <-k.stopAside(), 0, tt.want+time.Millisecond)
				for _, p := range peers {
					p.ends("")
				}
			})
		})
	}
}

// Finding 1 of golang/go#75591: a request that is sent on a kept connection
// while the server stops has to be answered.
func TestRequestOnAKeptConnectionIsAnsweredDuringTheStop(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration // since the drain began
		parts []string      // of the request, a second apart
	}{
		{name: "sent at once", parts: []string{"GET / HTTP/1.1\r\nHost: test\r\n\r\n"}},
		{name: "sent within the grace", after: 499 * time.Millisecond, parts: []string{"GET / HTTP/1.1\r\nHost: test\r\n\r\n"}},
		{name: "begun within the grace", after: 499 * time.Millisecond, parts: []string{"GET / HT", "TP/1.1\r\nHost: test\r\n", "\r\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				k := startPipes(t, get("/", hello))
				kept, fresh := k.dial(), k.dial()
				kept.get("/")
				kept.answer()
				synctest.Wait()

				done := k.stopAside()
				pass(tt.after)
				for i, part := range tt.parts {
					if i > 0 {
						pass(time.Second)
					}
					kept.send(part)
					fresh.send(part)
				}
				for name, client := range map[string]*peer{"kept": kept, "fresh": fresh} {
					r, body := client.answer()
					if r.StatusCode != http.StatusOK || body != "hello" || !r.Close {
						t.Errorf("%s connection got %d %q, close %v; want 200, hello and Connection: close", name, r.StatusCode, body, r.Close)
					}
					client.ends("")
				}
				<-done
			})
		})
	}
}

func TestAnswersSayCloseAsSoonAsTheStopIsKnown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leave := make(chan struct{})
		k := startPipes(t,
			get("/hello", hello),
			get("/silent", func(echo.Context) error { return nil }),
			get("/begun", func(c echo.Context) error {
				<-leave
				return hello(c)
			}),
			get("/flushed", func(c echo.Context) error {
				c.Response().Flush()
				return nil
			}),
		)
		begun := k.dial()
		begun.get("/begun")
		before := k.dial()
		before.get("/hello")
		if r, _ := before.answer(); r.Close {
			t.Error("an answer before the stop says Connection: close")
		}
		synctest.Wait()
		k.announce()
		close(leave)

		if r, _ := begun.answer(); !r.Close {
			t.Error("the answer to a request that was under way lacks Connection: close")
		}
		for path, status := range map[string]int{"/hello": 200, "/silent": 200, "/flushed": 200, "/none": 404, "/livez": 200, "/readyz": 503} {
			client := k.dial()
			client.get(path)
			if r, _ := client.answer(); !r.Close || r.StatusCode != status {
				t.Errorf("GET %s after Stopping = %d, close %v; want %d and Connection: close", path, r.StatusCode, r.Close, status)
			}
			client.ends("")
		}
	})
}

func TestAConnectionThatTurnsIdleLateIsClosed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/", func(c echo.Context) error {
			c.Response().WriteHeader(http.StatusOK) // before the stop, so without Connection: close
			c.Response().Flush()
			pass(2 * time.Second)
			_, err := io.WriteString(c.Response(), "hello")
			return err
		}))
		client := k.dial()
		client.get("/")
		synctest.Wait()
		done := k.stopAside()
		if r, body := client.answer(); r.Close || body != "hello" {
			t.Errorf("answer is %q, close %v; want hello, and a header from before the stop", body, r.Close)
		}
		client.ends("")
		within(t, "stop", <-done, 2*time.Second, 2001*time.Millisecond)
	})
}

func TestSlowHeadersHoldTheStopOnlyToTheirLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t)
		k.dial().send("GET / HTTP/1.1\r\n")
		synctest.Wait()
		within(t, "stop", <-k.stopAside(), 4*time.Second, 5001*time.Millisecond)
	})
}

// Contract B55, B56.
func TestHijackedConnectionsAreToldAndAwaited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/socket", func(c echo.Context) error {
			draining := httpserver.Stream(c)
			nc, _, err := c.Response().Hijack()
			if err != nil {
				return err
			}
			go func() { // the connection outlives its handler
				<-draining
				pass(time.Second)
				_, _ = io.WriteString(nc, "going away")
				_ = nc.Close()
			}()
			return nil
		}))
		client := k.dial()
		client.get("/socket")
		synctest.Wait()
		pass(time.Minute)

		done := k.stopAside()
		client.ends("going away")
		within(t, "stop", <-done, time.Second, 1001*time.Millisecond)
	})
}

func TestHijackedConnectionsAreClosedAtTheLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/socket", func(c echo.Context) error {
			_, _, err := c.Response().Hijack()
			return err
		}))
		client := k.dial()
		client.get("/socket")
		synctest.Wait()
		within(t, "stop", <-k.stopAside(), 10*time.Second, 10001*time.Millisecond)
		client.ends("")
		if forced := k.forced(); forced["closed_connections"] != int64(1) {
			t.Errorf("warning is %v; want it to count the connection", forced)
		}
	})
}

// Contract B55.
func TestStreamOutlivesTheLimitsAndHearsOfTheDrain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, get("/events", func(c echo.Context) error {
			draining := httpserver.Stream(c)
			pass(time.Minute)
			c.Response().Flush()
			tick := time.NewTicker(time.Minute)
			defer tick.Stop()
			for {
				var err error
				select {
				case <-tick.C:
					_, err = io.WriteString(c.Response(), "data: tick\n\n")
					c.Response().Flush()
				case <-draining:
					_, err = io.WriteString(c.Response(), "event: bye\n\n")
					return err
				case <-c.Request().Context().Done():
					return c.Request().Context().Err()
				}
				if err != nil {
					return err
				}
			}
		}))
		client := k.dial()
		client.get("/events")
		r, err := http.ReadResponse(client.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		for range 3 {
			line := make([]byte, len("data: tick\n\n"))
			if _, err := io.ReadFull(r.Body, line); err != nil {
				t.Fatalf("the stream broke: %v; want it to outlive the time limits of the server", err)
			}
		}
		done := k.stopAside()
		if last, err := io.ReadAll(r.Body); err != nil || string(last) != "event: bye\n\n" {
			t.Errorf("stream ended with %q, %v; want its last event", last, err)
		}
		within(t, "stop", <-done, 0, 501*time.Millisecond)
	})
}

func TestStreamMayReadForLong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t, post("/upload", func(c echo.Context) error {
			httpserver.Stream(c)
			text, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			return c.String(http.StatusOK, string(text))
		}))
		client := k.dial()
		client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nfirst")
		pass(time.Minute)
		client.send("end")
		if r, text := client.answer(); r.StatusCode != http.StatusOK || text != "firstend" {
			t.Errorf("an upload of a minute was answered %d %q; want 200 and all of it", r.StatusCode, text)
		}
	})
}

func TestStreamOfAReaderThatStalledIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		k := startPipes(t, get("/events", func(c echo.Context) error {
			httpserver.Stream(c)
			var err error
			for err == nil {
				_, err = c.Response().Write(make([]byte, 10_000))
			}
			ended <- err
			return err
		}))
		k.dial().get("/events")
		began := time.Now()
		<-ended
		within(t, "writing to a client that does not read", time.Since(began), time.Minute, time.Minute+time.Millisecond)
	})
}

// Contract B57.
func TestDetachOutlivesTheClientAndHearsTheStop(t *testing.T) {
	type key struct{}
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped %v", stopped), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				clientLeft, ended := make(chan struct{}), make(chan error, 1)
				k := startPipes(t, get("/pay", func(c echo.Context) error {
					c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), key{}, "kept")))
					ctx, cancel := httpserver.Detach(c)
					defer cancel()
					<-c.Request().Context().Done()
					close(clientLeft)
					if ctx.Err() != nil || ctx.Value(key{}) != "kept" {
						t.Errorf("detached context has error %v and value %v; want none, and the request's", ctx.Err(), ctx.Value(key{}))
					}
					select {
					case <-ctx.Done():
						ended <- context.Cause(ctx)
					case <-time.After(time.Second):
						ended <- nil
					}
					return nil
				}), set(func(c *httpserver.Config) { c.DrainTimeout = 500 * time.Millisecond }))
				client := k.dial()
				client.get("/pay")
				synctest.Wait()
				_ = client.Close()
				<-clientLeft
				if stopped {
					k.stop()
				}
				if err := <-ended; (err != nil) != stopped {
					t.Errorf("detached work ended with %v; want it cancelled by a stop at its limit, else finished", err)
				}
			})
		})
	}
}

func TestServingThatEndsByItselfIsReported(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k := startPipes(t)
		k.pipes.Errs <- errors.New("the listener broke")
		if cause := <-k.ended; cause == nil || !strings.Contains(cause.Error(), "is not served any more: the listener broke") {
			t.Errorf("reported %v; want that the server is not served any more", cause)
		}
	})
}
