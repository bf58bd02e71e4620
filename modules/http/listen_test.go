package httpserver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/ostov/internal/testkit"
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
	k.serve()
	urls := k.URLs()
	if len(urls) != 3 || urls[2] != "http+unix://"+path || urls[0] == urls[1] || strings.HasSuffix(urls[0], ":0") {
		t.Fatalf("URLs are %v; want two with real ports and that of the socket", urls)
	}
	for _, url := range urls {
		transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if url == urls[2] {
				network, address = "unix", path
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		r, err := (&http.Client{Transport: transport}).Get("http://" + strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "http+unix://"+path))
		if url == urls[2] {
			r, err = (&http.Client{Transport: transport}).Get("http://socket/")
		}
		if err != nil {
			t.Errorf("GET %s: %v", url, err)
			continue
		}
		_ = r.Body.Close()
		transport.CloseIdleConnections()
	}
	record := k.logs.FilterMessage("request").All()[2]
	if record.ContextMap()["remote"] != "" {
		t.Errorf("remote of a Unix socket is logged as %v; want nothing", record.ContextMap()["remote"])
	}
}

func TestTakenPortFailsTheStartAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()

	taken := start(t)
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()

	k := build(t, set(func(c *httpserver.Config) { c.Address = address + "," + taken.address() }))
	cleanup, err := k.Serve(func(error) {})(t.Context())
	if cleanup != nil || err == nil || !strings.Contains(err.Error(), taken.address()) || !strings.HasPrefix(err.Error(), "http server: ") {
		t.Errorf("start: %v; want an error that names %s", err, taken.address())
	}
	again, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal("the other address was not released:", err)
	}
	_ = again.Close()
}

// startTLS makes a server that speaks TLS, and a client for it.
func startTLS(t *testing.T, http2 bool, settings ...setting) *kit {
	t.Helper()
	cert, key, pool := testkit.Pair(t, t.TempDir(), 1)
	k := build(t, append(settings, set(func(c *httpserver.Config) { c.TLSCertificate, c.TLSKey = cert, key }))...)
	k.serve()
	k.url = k.URLs()[0]
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: http2}
	k.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return k
}

func TestTLS(t *testing.T) {
	t.Parallel()

	for _, http2 := range []bool{false, true} {
		k := startTLS(t, http2, get("/", func(c echo.Context) error { return c.String(http.StatusOK, c.Scheme()+" "+c.Request().Proto) }))
		want := "https HTTP/1.1"
		if http2 {
			want = "https HTTP/2.0"
		}
		r, err := k.client.Get(k.url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if string(text) != want || err != nil || !strings.HasPrefix(k.url, "https://") || r.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("GET %s = %q, %v %v; want %q with HSTS", k.url, text, err, r.Header, want)
		}
	}
}

func TestTLSConnectionsOverTheLimitAreClosedWithoutAWord(t *testing.T) {
	t.Parallel()

	k := startTLS(t, false, set(func(c *httpserver.Config) { c.MaxConnections = 1 }))
	var last net.Conn
	for range 2 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(k.url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		last = c
	}
	if text, err := io.ReadAll(last); err != nil || len(text) > 0 {
		t.Errorf("connection over the limit got %q, %v; want it closed without a word", text, err)
	}
}

func TestPlainHTTPHasNoHTTP2(t *testing.T) {
	t.Parallel()

	c := start(t, get("/", hello)).dial()
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(c); !strings.HasPrefix(string(text), "HTTP/1.1 ") {
		t.Errorf("HTTP/2 without TLS was answered %q; want an error of HTTP/1.1", text)
	}
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
	// One connection for all streams.
	if r, err := k.client.Get(k.url); err != nil {
		t.Fatal(err)
	} else {
		_ = r.Body.Close()
	}
	got := make(chan string, streams)
	for range streams {
		go func() {
			r, err := k.client.Get(k.url + "/slow")
			if err != nil {
				got <- err.Error()
				return
			}
			text, err := io.ReadAll(r.Body)
			_ = r.Body.Close()
			if err != nil {
				got <- err.Error()
				return
			}
			got <- string(text)
		}()
	}
	for range streams {
		<-entered
	}
	draining := k.Draining()
	done := k.stopAside(t.Context())
	<-draining
	close(leave)
	for range streams {
		if text := <-got; text != whole {
			t.Errorf("stream under way got %.80q; want its whole answer", text)
		}
	}
	if err := <-done; err != nil {
		t.Error("stop:", err)
	}
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
	draining := k.Draining()
	done := k.stopAside(t.Context())
	<-draining
	for k.Open() > 0 {
		runtime.Gosched()
	}
	for range 1000 {
		runtime.Gosched() // a stop that does not wait has time to end
	}
	select {
	case err := <-done:
		t.Fatalf("the stop ended with %v before the handler", err)
	default:
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error("stop:", err)
	}
	if !ended.Load() {
		t.Error("the stop was over before the handler")
	}
}

// A client that only watches sees the server's GOAWAY, not a connection that
// breaks.
func TestIdleHTTP2ConnectionsAreToldToGo(t *testing.T) {
	t.Parallel()

	cert, key, pool := testkit.Pair(t, t.TempDir(), 1)
	k := build(t, set(func(c *httpserver.Config) { c.TLSCertificate, c.TLSKey = cert, key }))
	k.serve()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}}}
	c, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(k.URLs()[0], "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings); err != nil {
		t.Fatal(err)
	}
	// The server's settings are there: it has taken up the connection.
	head := make([]byte, 9)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	rest, _ := io.ReadAll(c)
	const goAway = "\x07\x00\x00\x00\x00\x00" // the type of the frame, no flags, no stream
	if !bytes.Contains(rest, []byte(goAway)) {
		t.Errorf("idle HTTP/2 connection ended with %q; want a GOAWAY frame", rest)
	}
}

func TestQuietTLSConnectionsDoNotHoldTheStop(t *testing.T) {
	t.Parallel()

	cert, key, pool := testkit.Pair(t, t.TempDir(), 1)
	k := build(t, set(func(c *httpserver.Config) {
		c.TLSCertificate, c.TLSKey = cert, key
		c.DrainTimeout, c.ReadHeaderTimeout, c.ReadTimeout = 3*time.Second, time.Minute, time.Minute
	}))
	k.serve()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool}}
	c, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(k.URLs()[0], "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	if n := k.logs.FilterMessage("the drain was forced").Len(); n > 0 {
		t.Error("a connection without a request held the drain to its limit")
	}
}
