//go:build soak && unix && !race

package faults

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/ostov/internal/load"
	"example.com/ostov/internal/testkit"
)

func TestTwentyRestartsLoseNoRequestOnAKeptConnection(t *testing.T) {
	for _, delay := range []string{"0s", "500ms"} {
		address := freeAddress(t)
		next := func() *process { return launch(t, "http.address="+address, "app.drain_delay="+delay) }
		for _, r := range restart(t, 20, 1000, next, load.Load{Clients: 50}, load.Load{Clients: 50, Think: 20 * time.Millisecond}) {
			if r.LostReused+r.Truncated > 0 {
				t.Errorf("drain delay %s: %v; want none lost on reused connections, and none truncated", delay, r)
			}
		}
	}
}

func TestTwentyRestartsWithAnInheritedListenerLoseNoneOf300000(t *testing.T) {
	answered := 0
	for _, r := range restart(t, 20, 15_000, inheritor(t), load.Load{Clients: 50}, load.Load{Clients: 50, Close: true}) {
		answered += r.Answered()
		if r.Failed()+r.Refused > 0 {
			t.Errorf("%v; want no failure of any kind", r)
		}
	}
	if answered < 300_000 {
		t.Errorf("%d requests were answered; want at least 300,000", answered)
	}
}

// normal is what others ask while a server is attacked, for so long.
func normal(ctx context.Context, t *testing.T, p *process, d time.Duration) load.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	r := load.Load{Address: p.http, Path: "/hello", Clients: 10, Think: 10 * time.Millisecond}.Run(ctx)
	if r.Failed()+r.Refused > 0 || r.Statuses[http.StatusOK] != r.Answered() {
		t.Errorf("normal requests: %v; want 200 for all", r)
	}
	return r
}

// attack holds a connection: it sends a first text, then a byte every two
// seconds, and tells when the server closed it.
func attack(ctx context.Context, address, first string, connected func()) (held time.Duration, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	connected()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	began := time.Now()
	if _, err := io.WriteString(c, first); err != nil {
		return time.Since(began), nil
	}
	trickle := time.NewTicker(2 * time.Second)
	defer trickle.Stop()
	closed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, c)
		closed <- err
	}()
	for {
		select {
		case <-trickle.C:
			_, _ = io.WriteString(c, "x") // that it is closed is heard by the reader
		case err := <-closed:
			if errors.Is(err, syscall.ECONNRESET) {
				err = nil
			}
			return time.Since(began), err
		}
	}
}

// attackers are many at once. They return when all have tried to connect; longest
// waits for their end and tells how long one was held at most.
func attackers(t *testing.T, n int, address, first string) (longest func() time.Duration) {
	t.Helper()
	held := make(chan time.Duration, n)
	var connecting sync.WaitGroup
	for range n {
		connecting.Add(1)
		go func() {
			took, err := attack(t.Context(), address, first, connecting.Done)
			if err != nil {
				t.Error("attacker:", err)
			}
			held <- took
		}()
	}
	connecting.Wait()
	return func() (most time.Duration) {
		for range n {
			most = max(most, <-held)
		}
		return most
	}
}

func wantDescriptors(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur = limit.Max; limit.Cur < n {
		t.Fatalf("the limit of open files is %d (ulimit -Hn); want at least %d", limit.Max, n)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}

const slowHead = "GET /hello HTTP/1.1\r\nHost: test\r\nX-Slow: "

func TestSlowHeadersHinderNobody(t *testing.T) {
	wantDescriptors(t, 6000)
	p := launch(t)
	normal(t.Context(), t, p, time.Second) // warm up
	alone := normal(t.Context(), t, p, 5*time.Second)
	memory := p.memory()
	storm := background(t.Context(), func(ctx context.Context) load.Result { return normal(ctx, t, p, time.Minute) })
	attacked := attackers(t, 5000, p.http, slowHead)
	connecting := storm()
	beside := normal(t.Context(), t, p, 4*time.Second) // they are there for 5s
	longest := attacked()
	t.Logf("p99 alone %v, while 5,000 connect %v, beside them %v; the slowest was held for %v",
		alone.Percentile(0.99), connecting.Percentile(0.99), beside.Percentile(0.99), longest)
	if beside.Percentile(0.99) > 2*alone.Percentile(0.99)+5*time.Millisecond {
		t.Errorf("p99 %v beside slow headers; want at most twice the %v without", beside.Percentile(0.99), alone.Percentile(0.99))
	}
	if longest > 6*time.Second {
		t.Errorf("a slow header was waited for %v; want 6s at most", longest)
	}
	if grown := p.memory() - memory; grown > 150<<20 {
		t.Errorf("5,000 slow headers took %d bytes; want less than 150 MiB", grown)
	}
	p.stop()
}

func TestSlowHeadersAboveTheLimitShutNobodyOutForLong(t *testing.T) {
	wantDescriptors(t, 6000)
	p := launch(t, "http.max_connections=1000")
	began := time.Now()
	attacked := attackers(t, 5000, p.http, slowHead)
	var out time.Duration // the last time that a request was refused
	for time.Since(began) < 8*time.Second {
		r := load.Load{Address: p.http, Path: "/hello", Count: 1, Close: true}.Run(t.Context())
		if r.Statuses[http.StatusOK] == 0 {
			out = time.Since(began)
		}
		if r.Percentile(1) > time.Second {
			t.Errorf("a request waited for %v; want it answered or refused at once", r.Percentile(1))
		}
	}
	longest := attacked()
	t.Logf("nobody was shut out after %v; the slowest was held for %v", out, longest)
	if out > 7*time.Second {
		t.Errorf("requests were refused for %v; want no longer than read_header_timeout and the time the attackers took to connect", out)
	}
	p.stop()
}

func TestSlowBodiesAndSlowReadersAreGivenUp(t *testing.T) {
	const slow = 2000
	wantDescriptors(t, 2*slow+1000)
	p := launch(t, "http.read_timeout=3s", "http.handler_timeout=3s", "http.write_timeout=4s")
	const slowBody = "POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n"
	bodies := attackers(t, slow, p.http, slowBody)
	for range slow {
		reader := p.dial(p.http)                      // and never read
		_ = reader.(*net.TCPConn).SetReadBuffer(4096) // else the kernel reads megabytes
		if _, err := io.WriteString(reader, "GET /big?bytes=20000000 HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	p.awaitCount("body", 0, 0)
	p.awaitCount("big", 0, 0)
	if longest := bodies(); longest > 6*time.Second {
		t.Errorf("a slow body was waited for %v; want read_timeout and 2s at most", longest)
	}
	p.stop()
	// A client counts from when it sent the head. So many at once wait seconds more
	// until they are accepted; the limit begins when the head has been read.
	count, longest := p.recorded(t, "/big")
	t.Logf("%d slow readers, the longest for %v", count, longest)
	if count != slow || longest > 6*time.Second {
		t.Errorf("%d slow readers were given up, after %v at most; want all %d after write_timeout, 4s, and 2s at most", count, longest, slow)
	}
}

// recorded returns how many requests of a route the log has, and the longest.
func (p *process) recorded(t *testing.T, route string) (count int, longest time.Duration) {
	t.Helper()
	for line := range strings.Lines(p.stderr.String()) {
		var record struct {
			Route   string
			Latency float64
		}
		if err := json.Unmarshal([]byte(line), &record); err == nil && record.Route == route {
			count++
			longest = max(longest, time.Duration(record.Latency*float64(time.Second)))
		}
	}
	return count, longest
}

func TestRapidResetIsBounded(t *testing.T) {
	p := launchSecure(t)
	const connections, resets = 10, 10_000
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			framer, c := p.frames()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			head := headOf("GET", "/patient")
			for i := range uint32(resets) {
				err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*i + 1, BlockFragment: head, EndStream: true, EndHeaders: true})
				if err == nil {
					err = framer.WriteRSTStream(2*i+1, http2.ErrCodeCancel)
				}
				if err != nil {
					return // given up by the server
				}
			}
		})
	}
	all.Wait()
	status, most := p.get("/await?what=most+patient&low=1&high=1000")
	if status != http.StatusOK {
		t.Errorf("more than %d handlers ran at a time: %d %s; want at most 100 for each of %d connections", 100*connections, status, most, connections)
	}
	t.Logf("%s handlers ran at a time", most)
	p.stop()
}

// What breaks the protocol ends its connection at once. Frames that the protocol
// allows without end, net/http takes without end: they cost time, and no memory.
func TestFloodsOfFramesAreBounded(t *testing.T) {
	const connections = 5
	p := launchSecure(t)
	head := headOf("GET", "/patient", "x-flood", strings.Repeat("x", 1000))
	floods := []struct {
		name   string
		begin  func(*http2.Framer) error // nil: nothing
		write  func(*http2.Framer) error
		frames int
		ends   bool // the connection
	}{
		{
			name: "CONTINUATION", frames: 10_000, ends: true,
			begin: func(f *http2.Framer) error {
				return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head})
			},
			write: func(f *http2.Framer) error { return f.WriteContinuation(1, false, head) },
		},
		{name: "WINDOW_UPDATE", frames: 10, ends: true, write: func(f *http2.Framer) error { return f.WriteWindowUpdate(0, 1<<31-1) }},
		{name: "PING", frames: 100_000, write: func(f *http2.Framer) error { return f.WritePing(false, [8]byte{}) }},
		{name: "SETTINGS", frames: 100_000, write: func(f *http2.Framer) error { return f.WriteSettings() }},
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: anyServer()}).DialContext(ctx, "tcp", p.http)
	}
	others := background(t.Context(), load.Load{Dial: dial, Path: "/hello", Clients: 5, Think: 10 * time.Millisecond}.Run)
	before := p.memory()
	for _, flood := range floods {
		began := time.Now()
		var closed atomic.Int64
		var all sync.WaitGroup
		for range connections {
			all.Go(func() {
				framer, c := p.frames() // whose answers nobody reads
				defer c.Close()
				var err error
				if flood.begin != nil {
					err = flood.begin(framer)
				}
				for i := 0; i < flood.frames && err == nil; i++ {
					err = flood.write(framer)
				}
				if err == nil && flood.ends { // so few fit into the buffers
					_, err = io.Copy(io.Discard, c)
					err = cmp.Or(err, io.EOF)
				}
				if err != nil && !os.IsTimeout(err) {
					closed.Add(1)
				}
			})
		}
		all.Wait()
		t.Logf("%s: %d of %d connections were closed within %v; memory has grown by %d KiB",
			flood.name, closed.Load(), connections, time.Since(began), (p.memory()-before)>>10)
		if flood.ends && closed.Load() < connections {
			t.Errorf("%s: only %d of %d connections were closed", flood.name, closed.Load(), connections)
		}
	}
	if grown := p.memory() - before; grown > 50<<20 {
		t.Errorf("the floods took %d bytes of memory; want less than 50 MiB", grown)
	}
	if r := others(); r.Failed()+r.Refused > 0 || r.Statuses[http.StatusOK] != r.Answered() {
		t.Errorf("others meanwhile: %v; want 200 for all", r)
	} else {
		t.Logf("others meanwhile: %v, p99 %v", r, r.Percentile(.99))
	}
	if status, body := p.get("/await?what=most+patient&low=0&high=0"); status != http.StatusOK {
		t.Errorf("%s; want no handler of a request whose head never ended", body)
	}
	p.stop()
}

func launchSecure(t *testing.T) *process {
	t.Helper()
	cert, key := certificate(t, t.TempDir(), 1)
	return launch(t, "http.tls_certificate="+cert, "http.tls_key="+key)
}

// frames opens an HTTP/2 connection. Its writes fail after half a minute.
func (p *process) frames() (*http2.Framer, net.Conn) {
	c, err := (&tls.Dialer{Config: anyServer("h2")}).DialContext(p.t.Context(), "tcp", p.http)
	if err != nil {
		p.t.Error(err)
		return http2.NewFramer(io.Discard, nil), nil
	}
	p.t.Cleanup(func() { c.Close() })
	_ = c.(*tls.Conn).NetConn().(*net.TCPConn).SetReadBuffer(4096)
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	framer := http2.NewFramer(c, nil)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		p.t.Error(err)
	}
	_ = framer.WriteSettings()
	return framer, c
}

// headOf is the head of a request in HPACK, with more fields.
func headOf(method, path string, more ...string) []byte {
	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	fields := append([]string{":method", method, ":scheme", "https", ":authority", "test", ":path", path}, more...)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return head.Bytes()
}

// With four times as many clients as the server has places, it answers as many as
// it can, turns the others away at once, and is itself again afterwards.
func TestOverloadKeepsWhatCanBeDone(t *testing.T) {
	const places, each = 100, 2 * time.Second // who waited for a place would wait for so long
	p := launch(t, fmt.Sprint("http.max_connections=", places))
	during := func(clients int, d time.Duration) (load.Result, float64) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		began := time.Now()
		r := load.Load{Address: p.http, Path: "/sleep?for=" + each.String(), Clients: clients, Close: true, Think: time.Second}.Run(ctx)
		return r, float64(r.Statuses[http.StatusOK]) / time.Since(began).Seconds()
	}
	const enough = 8 * places / 10
	alone, capacity := during(enough, 5*time.Second)
	probes := background(t.Context(), load.Load{Address: strings.TrimPrefix(p.admin, "http://"), Path: "/livez", Think: 100 * time.Millisecond}.Run)
	beside, goodput := during(4*places, 8*time.Second)
	alive := probes()
	after, recovered := during(enough, 5*time.Second)
	t.Logf("alone %v\nunder four times the load %v\nafterwards %v\nprobes %v, p99 %v", alone, beside, after, alive, alive.Percentile(.99))
	t.Logf("200 a second: %.0f alone, %.0f under four times the load, %.0f afterwards", capacity, goodput, recovered)

	refused := beside.Statuses[http.StatusServiceUnavailable]
	if refused == 0 || beside.Statuses[http.StatusOK]+refused != beside.Answered() || beside.Truncated > 0 {
		t.Errorf("%v; want 200 and 503, whole", beside)
	}
	if goodput < 0.8*capacity {
		t.Errorf("%.0f requests a second were answered under overload; want 80%% of %.0f", goodput, capacity)
	}
	slices.Sort(beside.Latencies)
	within := beside.Latencies[refused*99/100] // who was refused was sooner than who was answered
	t.Logf("99 of 100 that were refused were within %v", within)
	if within > each/2 {
		t.Errorf("99 of 100 that were refused were within %v; want at once", within)
	}
	if alive.Failed()+alive.Refused > 0 || alive.Statuses[http.StatusOK] != alive.Answered() || alive.Percentile(.99) > each {
		t.Errorf("probes meanwhile: %v, p99 %v; want 200 at once for all", alive, alive.Percentile(.99))
	}
	if after.Statuses[http.StatusOK] != after.Answered() || recovered < 0.8*capacity {
		t.Errorf("afterwards %.0f a second, %v; want 200 for all, as before", recovered, after)
	}
	p.stop()
}

func TestHTTP2StreamsUnderLoadFinishWhenTheServerStops(t *testing.T) {
	p := launchSecure(t)
	var all sync.WaitGroup
	var finished, warm atomic.Int64
	started := make(chan struct{})
	for range 20 { // connections
		client := http.Client{Transport: &http.Transport{TLSClientConfig: anyServer(), ForceAttemptHTTP2: true}}
		for range 10 { // streams
			all.Go(func() {
				defer client.CloseIdleConnections()
				for {
					connected := false
					ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{ // of the last attempt
						GetConn: func(string) { connected = false },
						GotConn: func(httptrace.GotConnInfo) { connected = true },
					})
					get, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/sleep?for=5ms", http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					r, err := client.Do(get)
					if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) && !connected {
						return // the server is gone, or was just closing its listener: this stream never began
					}
					if err != nil {
						t.Error(err)
						return
					}
					text, err := io.ReadAll(r.Body)
					r.Body.Close()
					if err != nil || string(text) != "slept for 5ms" || r.ProtoMajor != 2 {
						t.Errorf("%s: %q, %v; want a whole answer by HTTP/2", r.Proto, text, err)
						return
					}
					finished.Add(1)
					if warm.Add(1) == 2000 {
						close(started)
					}
				}
			})
		}
	}
	<-started
	p.terminate()
	all.Wait()
	p.wantClean()
	t.Logf("%d streams finished", finished.Load())
}

func TestCertificateIsRenewedUnderLoad(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir, 1)
	p := launch(t, "http.tls_certificate="+cert, "http.tls_key="+key)
	var serial atomic.Int64
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := (&tls.Dialer{Config: anyServer()}).DialContext(ctx, "tcp", p.http)
		if err == nil {
			serial.Store(c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64())
		}
		return c, err
	}
	clients := background(t.Context(), load.Load{Dial: dial, Path: "/hello", Clients: 10, Close: true, Think: 10 * time.Millisecond}.Run)
	certificate(t, dir, 2)
	waitFor(t, "the new certificate", func() bool { return serial.Load() == 2 })
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a warning", func() bool {
		return strings.Contains(p.stderr.String(), "the one before stays in use")
	})
	if serial.Load() != 2 {
		t.Errorf("with a bad pair the certificate %d is used; want the one before", serial.Load())
	}
	if r := clients(); r.Failed()+r.Refused > 0 {
		t.Errorf("%v; want no failed handshake", r)
	}
	p.stop()
}

// waitFor waits for what becomes true in half a minute.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, late := time.NewTicker(100*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s did not come in 30s", what)
		}
	}
}

// certificate writes a certificate and its key, which replace those of before.
func certificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	public, key := testkit.Certificate(t, serial)
	file := filepath.Join(dir, "pair.pem") // of both, so that they are replaced together
	if err := errors.Join(os.WriteFile(file+".new", append(public, key...), 0o600), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
	return file, file
}
