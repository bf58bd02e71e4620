package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// Contract B107, B109, B111.
func TestServerListensOnEveryAddress(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "http.sock")
	k := build(t, get("/", hello), set(func(c *httpserver.Config) { c.Address = "127.0.0.1:0, 127.0.0.1:0,unix:" + path }))
	if urls := k.URLs(); len(urls) > 0 {
		t.Errorf("URLs before the start are %v; want none", urls)
	}
	k.serve(t.Context())
	urls := k.URLs()
	if len(urls) != 3 || urls[2] != "http+unix://"+path || urls[0] == urls[1] || strings.HasSuffix(urls[0], ":0") {
		t.Fatalf("URLs are %v; want two with real ports and that of the socket", urls)
	}
	for _, k.url = range urls[:2] {
		if _, text, err := k.fetch("/"); err != nil || text != "hello" {
			t.Errorf("GET %s = %q, %v; want hello", k.url, text, err)
		}
	}
	socket, err := new(net.Dialer).DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	client := &peer{socket, t, bufio.NewReader(socket)}
	client.get("/")
	if _, text := client.answer(); text != "hello" {
		t.Errorf("GET / over the socket = %q; want hello", text)
	}
	record := k.logs.FilterMessage("request").All()[2]
	if record.ContextMap()["remote"] != "" {
		t.Errorf("remote of a Unix socket is logged as %v; want nothing", record.ContextMap()["remote"])
	}
}

func TestTakenPortFailsTheStart(t *testing.T) {
	t.Parallel()

	taken := start(t).address()
	k := build(t, set(func(c *httpserver.Config) { c.Address = "127.0.0.1:0," + taken }))
	cleanup, err := k.Serve(func(error) {})(t.Context())
	if cleanup != nil || err == nil || !strings.HasPrefix(err.Error(), "http server: listen on "+taken) {
		t.Errorf("start: %v; want an error that names %s", err, taken)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()

	for _, http2 := range []bool{false, true} {
		k := startTLS(t, http2, get("/", func(c echo.Context) error { return c.String(http.StatusOK, c.Scheme()+" "+c.Request().Proto) }))
		want := "https HTTP/1.1"
		if http2 {
			want = "https HTTP/2.0"
		}
		r, text, err := k.fetch("/")
		if err != nil {
			t.Fatal(err)
		}
		if text != want || !strings.HasPrefix(k.url, "https://") || r.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("GET %s = %q %v; want %q with HSTS", k.url, text, r.Header, want)
		}
	}
}

func TestTLSConnectionsOverTheLimitAreClosedWithoutAWord(t *testing.T) {
	t.Parallel()

	k := startTLS(t, false, set(func(c *httpserver.Config) { c.MaxConnections = 1 }))
	k.dial()
	k.dial().ends("")
}

func TestStartedHTTP2StreamsFinish(t *testing.T) {
	t.Parallel()

	const streams = 20
	entered, leave := make(chan struct{}, streams), make(chan struct{})
	whole := strings.Repeat("x", 1<<20)
	k := startTLS(t, true, get("/", hello), get("/slow", func(c echo.Context) error {
		entered <- struct{}{}
		<-leave
		return c.String(http.StatusOK, whole)
	}))
	if _, _, err := k.fetch("/"); err != nil { // one connection for all streams
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for range streams {
		clients.Go(func() {
			if _, text, err := k.fetch("/slow"); err != nil || text != whole {
				t.Errorf("stream under way got %.80q, %v; want its whole answer", text, err)
			}
		})
	}
	for range streams {
		<-entered
	}
	done := k.stopAside()
	<-k.Draining()
	close(leave)
	clients.Wait()
	<-done
}

// Contract B58.
func TestStopAwaitsHandlersWhoseClientLeft(t *testing.T) {
	t.Parallel()

	entered, left, leave := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	k := startTLS(t, true, get("/", func(c echo.Context) error {
		close(entered)
		<-c.Request().Context().Done()
		close(left)
		<-leave
		ended.Store(true)
		return nil
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := k.client.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Fatal("the request was answered")
	}
	<-left
	k.client.CloseIdleConnections()
	done := k.stopAside()
	<-k.Draining()
	for k.Open() > 0 {
		runtime.Gosched()
	}
	for range 1000 {
		runtime.Gosched() // a stop that does not wait has time to end
	}
	select {
	case <-done:
		t.Fatal("the stop ended before the handler")
	default:
	}
	close(leave)
	<-done
	if !ended.Load() {
		t.Error("the stop was over before the handler")
	}
}

// A client that only watches sees the server's GOAWAY, not a connection that
// breaks.
func TestIdleHTTP2ConnectionsAreToldToGo(t *testing.T) {
	t.Parallel()

	k := startTLS(t, true)
	c := tls.Client(k.dial(), k.tls)
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings); err != nil {
		t.Fatal(err)
	}
	// The server's settings are there: it has taken up the connection.
	head := make([]byte, 9)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	k.stop()
	rest, _ := io.ReadAll(c)
	const goAway = "\x07\x00\x00\x00\x00\x00" // the type of the frame, no flags, no stream
	if !bytes.Contains(rest, []byte(goAway)) {
		t.Errorf("idle HTTP/2 connection ended with %q; want a GOAWAY frame", rest)
	}
}

func TestQuietTLSConnectionsDoNotHoldTheStop(t *testing.T) {
	t.Parallel()

	k := startTLS(t, false, set(func(c *httpserver.Config) {
		c.DrainTimeout, c.ReadHeaderTimeout, c.ReadTimeout = 3*time.Second, time.Minute, time.Minute
	}))
	if err := tls.Client(k.dial(), k.tls).HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.stop()
	if n := k.logs.FilterMessage("the drain was forced").Len(); n > 0 {
		t.Error("a connection without a request held the drain to its limit")
	}
}
