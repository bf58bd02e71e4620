package httpserver_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/lifecycle"
	httpserver "example.com/ostov/modules/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kit is a server under test and what is seen of it.
type kit struct {
	*httpserver.Server
	t    testing.TB
	echo *echo.Echo
	logs *observer.ObservedLogs

	pipes    *testkit.Pipes // what it listens on; nil: its addresses
	tls      *tls.Config    // of its clients; nil: no TLS
	url      string
	client   *http.Client
	stopping chan struct{}
	cleanup  lifecycle.Cleanup
	stopped  atomic.Bool
	ended    chan error // what Serve reported
}

// setting changes what a kit is made with.
type setting func(*httpserver.Params)

func routes(rs ...httpserver.Route) setting {
	return func(p *httpserver.Params) { p.Routes = append(p.Routes, rs...) }
}

func get(path string, h echo.HandlerFunc) setting {
	return routes(httpserver.Route{Method: http.MethodGet, Path: path, Handler: h})
}

func post(path string, h echo.HandlerFunc) setting {
	return routes(httpserver.Route{Method: http.MethodPost, Path: path, Handler: h})
}

func set(change func(*httpserver.Config)) setting {
	return func(p *httpserver.Params) { change(&p.Config) }
}

// hello answers at once.
func hello(c echo.Context) error { return c.String(http.StatusOK, "hello") }

// stuck waits for the end of its context.
func stuck(c echo.Context) error {
	<-c.Request().Context().Done()
	return c.Request().Context().Err()
}

// passes is a middleware that leaves its name in the answer.
func passes(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Add("X-Passed", name)
			return next(c)
		}
	}
}

func says(r *http.Response, name string) string { return strings.Join(r.Header[name], ", ") }

// build makes a server that does not listen.
func build(t testing.TB, settings ...setting) *kit {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	k := &kit{t: t, logs: logs, stopping: make(chan struct{}), ended: make(chan error, 1)}
	p := httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.New(core), Stopping: k.stopping}
	p.Config.Address = "127.0.0.1:0"
	for _, apply := range settings {
		apply(&p)
	}
	if err := p.Config.Validate(); err != nil {
		t.Fatal("invalid configuration:", err)
	}
	r, err := httpserver.New(p)
	if err != nil {
		t.Fatal(err)
	}
	k.Server, k.echo = r.Server, r.Echo
	return k
}

// start makes a server that listens on a free port until the test ends.
func start(t testing.TB, settings ...setting) *kit {
	t.Helper()
	k := build(t, settings...)
	k.serve(t.Context())
	return k
}

// startTLS makes one that speaks TLS, with clients that speak HTTP/2 or HTTP/1.
func startTLS(t *testing.T, http2 bool, settings ...setting) *kit {
	t.Helper()
	cert, key, pool := testkit.Pair(t, t.TempDir(), 1)
	k := build(t, append(settings, set(func(c *httpserver.Config) { c.TLSCertificate, c.TLSKey = cert, key }))...)
	k.tls = &tls.Config{RootCAs: pool, ServerName: "localhost"}
	if http2 {
		k.tls.NextProtos = []string{"h2"}
	}
	k.serve(t.Context())
	return k
}

// startPipes makes one that listens in memory, so that time can be synctest's.
func startPipes(t *testing.T, settings ...setting) *kit {
	t.Helper()
	k := build(t, settings...)
	k.pipes = testkit.NewPipes()
	k.SetListeners(k.pipes)
	k.serve(t.Context())
	return k
}

// serve serves until the test ends.
func (k *kit) serve(ctx context.Context) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	var err error
	k.cleanup, err = k.Serve(func(cause error) { k.ended <- cause })(ctx)
	cancel() // the start is over
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(k.stop)
	transport := &http.Transport{TLSClientConfig: k.tls.Clone(), ForceAttemptHTTP2: k.tls != nil && k.tls.NextProtos != nil}
	k.t.Cleanup(transport.CloseIdleConnections)
	k.url, k.client = k.URLs()[0], &http.Client{Transport: transport}
}

// stop stops as the engine does, without a drain delay, and once.
func (k *kit) stop() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.t.Context()), 25*time.Second)
	defer cancel()
	if err := k.stopWithin(ctx); err != nil {
		k.t.Error("stop:", err)
	}
}

// stopWithin is stop in the time of ctx. It returns what the stop returned.
func (k *kit) stopWithin(ctx context.Context) error {
	k.t.Helper()
	if k.stopped.Swap(true) {
		return nil
	}
	k.announce()
	err := k.cleanup(ctx)
	if n := k.Open(); n > 0 {
		k.t.Errorf("after the stop %d connections are open; want none", n)
	}
	select {
	case cause := <-k.ended:
		k.t.Errorf("the stop was reported as %v", cause)
	default:
	}
	return err
}

// stopAside begins to stop, and returns what hears how long that took.
func (k *kit) stopAside() <-chan time.Duration {
	k.announce()
	done, began := make(chan time.Duration, 1), time.Now()
	go func() {
		k.stop()
		done <- time.Since(began)
	}()
	return done
}

// announce closes the Stopping channel.
func (k *kit) announce() {
	select {
	case <-k.stopping:
	default:
		close(k.stopping)
	}
}

// forced returns the warning that the drain was forced, of which there is one.
func (k *kit) forced() map[string]any {
	k.t.Helper()
	forced := k.logs.FilterMessage("the drain was forced").All()
	if len(forced) != 1 || forced[0].Level != zapcore.WarnLevel {
		k.t.Fatalf("logged %v; want one warning about the forced drain", forced)
	}
	return forced[0].ContextMap()
}

// within fails the test unless took is at least low and less than high.
func within(t *testing.T, what string, took, low, high time.Duration) {
	t.Helper()
	if took < low || took >= high {
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

// ask answers one request in memory.
func (k *kit) ask(method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(text))
		r.ContentLength = int64(len(text))
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// fetch asks over the network, and returns the answer with its body.
func (k *kit) fetch(path string) (r *http.Response, body string, err error) {
	r, err = k.client.Get(k.url + path)
	if err != nil {
		return nil, "", err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return r, string(text), err
}

// address of the server, for net.Dial.
func (k *kit) address() string {
	_, address, _ := strings.Cut(k.url, "://")
	return address
}

// peer is a client's end of a connection.
type peer struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

// dial opens a connection, without a byte on it.
func (k *kit) dial() *peer {
	k.t.Helper()
	if k.pipes != nil {
		c := k.pipes.Connect(k.t)
		return &peer{c, k.t, bufio.NewReader(c)}
	}
	c, err := new(net.Dialer).DialContext(k.t.Context(), "tcp", k.address())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = c.Close() })
	return &peer{c, k.t, bufio.NewReader(c)}
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatalf("send %q: %v", text, err)
	}
}

// get sends a request; its answer is not read.
func (p *peer) get(path string) {
	p.t.Helper()
	p.send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n")
}

// answer reads one answer, whole.
func (p *peer) answer() (*http.Response, string) {
	p.t.Helper()
	r, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatal("no answer:", err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal("truncated answer:", err)
	}
	return r, string(body)
}

// ends waits until the server closes the connection, with these last words.
func (p *peer) ends(words string) {
	p.t.Helper()
	if rest, err := io.ReadAll(p.r); err != nil || string(rest) != words {
		p.t.Errorf("connection ended with %q, %v; want %q and the end", rest, err, words)
	}
}
