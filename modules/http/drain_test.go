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

// within fails the test unless took is at least low and less than high.
func within(t *testing.T, what string, began time.Time, low, high time.Duration) {
	t.Helper()
	if took := time.Since(began); took < low || took >= high {
		t.Errorf("%s took %v; want at least %v and less than %v", what, took, low, high)
	}
}

// inBubble runs a test on synctest's time, in which nothing takes time but
// waiting.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }

// Contract B49, B50, B54.
func TestStopFinishesRequestsUnderWayAndNoLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/slow", func(c echo.Context) error {
			pass(3 * time.Second)
			return c.String(http.StatusOK, strings.Repeat("x", 100_000))
		}))
		client := p.connect(t)
		client.get("/slow")
		synctest.Wait()

		began := time.Now()
		done := k.stopAside(t.Context())
		r, body := client.answer()
		if r.StatusCode != http.StatusOK || len(body) != 100_000 {
			t.Errorf("answer during the stop has status %d and %d bytes; want 200 and all 100000", r.StatusCode, len(body))
		}
		if !r.Close {
			t.Error("answer during the stop lacks Connection: close")
		}
		client.closed()
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 3*time.Second, 3*time.Second+time.Millisecond)
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
	if _, err := io.WriteString(client, "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	draining := k.Draining()
	done := k.stopAside(t.Context())
	<-draining
	// The streams are told when the listeners are closed.
	if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", k.address()); err == nil {
		_ = c.Close()
		t.Error("a new connection was accepted during the drain; want it refused")
	}
	close(leave)
	if text, err := io.ReadAll(client); err != nil || !strings.HasSuffix(string(text), "hello") {
		t.Errorf("request under way was answered %q, %v; want hello", text, err)
	}
	if err := <-done; err != nil {
		t.Error("stop:", err)
	}
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
	k.serve()
	k.url = k.URLs()[0]
	clients := make([]net.Conn, 10)
	for i := range clients {
		clients[i] = k.dial()
		if _, err := io.WriteString(clients[i], "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	for _, c := range clients {
		if text, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(text), "hello") {
			t.Errorf("a connection that waited got %q, %v; want hello", text, err)
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
		k, p := startPipes(t, get("/stuck/:id", func(c echo.Context) error {
			ctx := c.Request().Context()
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		}))
		client := p.connect(t)
		client.get("/stuck/7")
		synctest.Wait()

		began := time.Now()
		done := k.stopAside(t.Context())
		r, _ := client.answer()
		if r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("cancelled request was answered %d; want 503", r.StatusCode)
		}
		if err := <-done; err != nil {
			t.Errorf("stop = %v; want no error, for the handler ended when it was cancelled", err)
		}
		within(t, "stop", began, 9*time.Second, 9*time.Second+time.Millisecond)
		if cause == nil || cause.Error() != "the server is stopping" {
			t.Errorf("the handler's context ended because of %v; want the stop", cause)
		}
		forced := k.logs.FilterMessage("the drain was forced").All()
		if len(forced) != 1 || forced[0].Level != zapcore.WarnLevel {
			t.Fatalf("logged %v; want one warning about the forced drain", forced)
		}
		if got := fmt.Sprint(forced[0].ContextMap()); !strings.Contains(got, "cancelled:1") || !strings.Contains(got, "GET /stuck/:id (9s)") {
			t.Errorf("warning is %v; want the count, the route and its age", got)
		}
	})
}

// Contract B52.
func TestHandlerThatIgnoresItsCancellationIsNamed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leave := make(chan struct{})
		k, p := startPipes(t, get("/deaf", func(echo.Context) error {
			<-leave
			return nil
		}))
		client := p.connect(t)
		client.get("/deaf")
		synctest.Wait()

		began := time.Now()
		err := <-k.stopAside(t.Context())
		if err == nil || !strings.Contains(err.Error(), "GET /deaf (10.1s)") {
			t.Errorf("stop = %v; want an error that names the handler and its age", err)
		}
		within(t, "stop", began, 10*time.Second, 10*time.Second+200*time.Millisecond)
		client.closed()
		close(leave)
		synctest.Wait()
	})
}

func TestHandlersAreCancelledWhereTheEngineHasNoTimeLeft(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/stuck", func(c echo.Context) error {
			<-c.Request().Context().Done()
			return c.Request().Context().Err()
		}))
		client := p.connect(t)
		client.get("/stuck")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if err := <-k.stopAside(ctx); err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 0, 100*time.Millisecond)
		if n := k.logs.FilterMessage("the drain was forced").Len(); n != 1 {
			t.Errorf("logged %d warnings about the forced drain; want one", n)
		}
	})
}

func TestManyLateRequestsAreCountedAndSomeAreNamed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/stuck", func(c echo.Context) error {
			<-c.Request().Context().Done()
			return c.Request().Context().Err()
		}))
		for range 25 {
			client := p.connect(t)
			client.get("/stuck")
			go func() { _, _ = io.Copy(io.Discard, client) }()
		}
		synctest.Wait()
		if err := k.stop(); err != nil {
			t.Error("stop:", err)
		}
		forced := k.logs.FilterMessage("the drain was forced").All()
		if len(forced) != 1 {
			t.Fatalf("logged %v; want one warning about the forced drain", forced)
		}
		names, _ := forced[0].ContextMap()["requests"].(string)
		if forced[0].ContextMap()["cancelled"] != int64(25) || strings.Count(names, "GET /stuck") != 20 || !strings.HasSuffix(names, ", and 5 more") {
			t.Errorf("warning is %v; want 25 requests, 20 of them by name", forced[0].ContextMap())
		}
	})
}

func TestDrainEndsWithTheEnginesLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/stuck", func(c echo.Context) error {
			<-c.Request().Context().Done()
			return c.Request().Context().Err()
		}))
		client := p.connect(t)
		client.get("/stuck")
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		done := k.stopAside(ctx)
		client.answer()
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop with one second left", began, 400*time.Millisecond, 401*time.Millisecond) // half of it, less the time to close what is left
	})
}

// Contract B53.
func TestQuietConnectionsDoNotHoldTheStop(t *testing.T) {
	tests := []struct {
		name string
		use  func(p *peer)
	}{
		{name: "never sent a byte", use: func(*peer) {}},
		{name: "idle after an answer", use: func(p *peer) {
			p.get("/")
			p.answer()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				k, p := startPipes(t)
				peers := make([]*peer, 100)
				for i := range peers {
					peers[i] = p.connect(t)
					tt.use(peers[i])
				}
				synctest.Wait()

				began := time.Now()
				if err := <-k.stopAside(t.Context()); err != nil {
					t.Error("stop:", err)
				}
				within(t, "stop with 100 quiet connections", began, 0, 501*time.Millisecond)
				for _, p := range peers {
					p.closed()
				}
			})
		})
	}
}

func TestStopWithoutConnectionsIsImmediate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, _ := startPipes(t)
		began := time.Now()
		if err := k.stop(); err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 0, time.Millisecond)
	})
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
				k, p := startPipes(t, get("/", hello))
				kept, fresh := p.connect(t), p.connect(t)
				kept.get("/")
				kept.answer()
				synctest.Wait()

				done := k.stopAside(t.Context())
				pass(tt.after)
				for _, client := range []*peer{kept, fresh} {
					client.send(tt.parts[0])
				}
				for _, part := range tt.parts[1:] {
					pass(time.Second)
					kept.send(part)
					fresh.send(part)
				}
				for name, client := range map[string]*peer{"kept": kept, "fresh": fresh} {
					r, body := client.answer()
					if r.StatusCode != http.StatusOK || body != "hello" || !r.Close {
						t.Errorf("%s connection got %d %q, close %v; want 200, hello and Connection: close", name, r.StatusCode, body, r.Close)
					}
					client.closed()
				}
				if err := <-done; err != nil {
					t.Error("stop:", err)
				}
			})
		})
	}
}

func TestAnswersSayCloseAsSoonAsTheStopIsKnown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		leave := make(chan struct{})
		k, p := startPipes(t,
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
		begun := p.connect(t)
		begun.get("/begun")
		before := p.connect(t)
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
			client := p.connect(t)
			client.get(path)
			if r, _ := client.answer(); !r.Close || r.StatusCode != status {
				t.Errorf("GET %s after Stopping = %d, close %v; want %d and Connection: close", path, r.StatusCode, r.Close, status)
			}
			client.closed()
		}
	})
}

func TestAConnectionThatTurnsIdleLateIsClosed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/", func(c echo.Context) error {
			c.Response().WriteHeader(http.StatusOK) // before the stop, so without Connection: close
			c.Response().Flush()
			pass(2 * time.Second)
			_, err := io.WriteString(c.Response(), "hello")
			return err
		}))
		client := p.connect(t)
		client.get("/")
		synctest.Wait()
		began := time.Now()
		done := k.stopAside(t.Context())
		if r, body := client.answer(); r.Close || body != "hello" {
			t.Errorf("answer is %q, close %v; want hello, and a header from before the stop", body, r.Close)
		}
		client.closed()
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 2*time.Second, 2001*time.Millisecond)
	})
}

func TestSlowHeadersHoldTheStopOnlyToTheirLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t)
		client := p.connect(t)
		client.send("GET / HTTP/1.1\r\n")
		synctest.Wait()
		began := time.Now()
		if err := <-k.stopAside(t.Context()); err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 4*time.Second, 5001*time.Millisecond)
	})
}

// Contract B55, B56.
func TestHijackedConnectionsAreToldAndAwaited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/socket", func(c echo.Context) error {
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
		client := p.connect(t)
		client.get("/socket")
		synctest.Wait()
		pass(time.Minute)

		began := time.Now()
		done := k.stopAside(t.Context())
		if last, err := io.ReadAll(client); err != nil || string(last) != "going away" {
			t.Errorf("hijacked connection ended with %q, %v; want its last words", last, err)
		}
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, time.Second, 1001*time.Millisecond)
	})
}

func TestHijackedConnectionsAreClosedAtTheLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/socket", func(c echo.Context) error {
			_, _, err := c.Response().Hijack()
			return err
		}))
		client := p.connect(t)
		client.get("/socket")
		synctest.Wait()
		began := time.Now()
		if err := <-k.stopAside(t.Context()); err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 10*time.Second, 10001*time.Millisecond)
		client.closed()
		if forced := k.logs.FilterMessage("the drain was forced").All(); len(forced) != 1 || forced[0].ContextMap()["closed_connections"] != int64(1) {
			t.Errorf("logged %v; want one warning that counts the connection", forced)
		}
	})
}

// Contract B55.
func TestStreamOutlivesTheLimitsAndHearsOfTheDrain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, get("/events", func(c echo.Context) error {
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
		client := p.connect(t)
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
		began := time.Now()
		done := k.stopAside(t.Context())
		if last, err := io.ReadAll(r.Body); err != nil || string(last) != "event: bye\n\n" {
			t.Errorf("stream ended with %q, %v; want its last event", last, err)
		}
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
		within(t, "stop", began, 0, 501*time.Millisecond)
	})
}

func TestStreamMayReadForLong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t, post("/upload", func(c echo.Context) error {
			httpserver.Stream(c)
			text, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			return c.String(http.StatusOK, string(text))
		}))
		client := p.connect(t)
		client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\nfirst")
		pass(time.Minute)
		client.send("end")
		if r, text := client.answer(); r.StatusCode != http.StatusOK || text != "firstend" {
			t.Errorf("an upload of a minute was answered %d %q; want 200 and all of it", r.StatusCode, text)
		}
		if err := k.stop(); err != nil {
			t.Error("stop:", err)
		}
	})
}

func TestStreamOfAReaderThatStalledIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		_, p := startPipes(t, get("/events", func(c echo.Context) error {
			httpserver.Stream(c)
			var err error
			for err == nil {
				_, err = c.Response().Write(make([]byte, 10_000))
			}
			ended <- err
			return err
		}))
		client := p.connect(t)
		client.get("/events")
		began := time.Now()
		<-ended
		within(t, "writing to a client that does not read", began, time.Minute, time.Minute+time.Millisecond)
	})
}

func TestStreamEndsWithItsClient(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		k, p := startPipes(t, get("/events", func(c echo.Context) error {
			httpserver.Stream(c)
			c.Response().WriteHeader(http.StatusOK)
			<-c.Request().Context().Done()
			ended <- c.Request().Context().Err()
			return c.Request().Context().Err()
		}))
		client := p.connect(t)
		client.get("/events")
		synctest.Wait()
		_ = client.Close()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("context of the stream ended with %v; want it cancelled", err)
		}
		synctest.Wait()
		if record := k.logs.FilterMessage("request").All()[0]; record.Level != zapcore.InfoLevel {
			t.Errorf("a stream whose client left is logged as %v; want info", record.Level)
		}
	})
}

// Contract B57.
func TestDetachOutlivesTheClientAndHearsTheStop(t *testing.T) {
	type key struct{}
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped %v", stopped), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				clientLeft, ended := make(chan struct{}), make(chan error, 1)
				k, p := startPipes(t, get("/pay", func(c echo.Context) error {
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
				client := p.connect(t)
				client.get("/pay")
				synctest.Wait()
				_ = client.Close()
				<-clientLeft
				if !stopped {
					if err := <-ended; err != nil {
						t.Errorf("detached work ended with %v; want it finished", err)
					}
					return
				}
				if err := k.stop(); err != nil {
					t.Error("stop:", err)
				}
				if err := <-ended; err == nil {
					t.Error("detached work went on; want it cancelled at the limit of the stop")
				}
			})
		})
	}
}

func TestServingThatEndsByItselfIsReported(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		k, p := startPipes(t)
		_ = p.Close()
		if cause := <-k.ended; cause == nil || !strings.Contains(cause.Error(), "is not served any more") {
			t.Errorf("reported %v; want that the server is not served any more", cause)
		}
	})
}
