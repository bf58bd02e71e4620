//go:build soak && unix && !race

package faults

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/ostov/internal/load"
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
	began := time.Now()
	p.awaitCount("body", 0, 0)
	p.awaitCount("big", 0, 0)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the last slow reader was given up %v after it came; want write_timeout, 4s, and little more", took)
	}
	if longest := bodies(); longest > 6*time.Second {
		t.Errorf("a slow body was waited for %v; want read_timeout and 2s at most", longest)
	}
	p.stop()
}

func TestRapidResetIsBounded(t *testing.T) {
	cert, key := certificate(t, t.TempDir(), 1)
	p := launch(t, "http.tls_certificate="+cert, "http.tls_key="+key)
	const connections, resets = 10, 10_000
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			dialer := tls.Dialer{Config: anyServer("h2")}
			c, err := dialer.DialContext(t.Context(), "tcp", p.http)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_, _ = io.WriteString(c, http2.ClientPreface)
			framer := http2.NewFramer(c, nil)
			_ = framer.WriteSettings()
			var head bytes.Buffer
			encoder := hpack.NewEncoder(&head)
			for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "test"}, {":path", "/patient"}} {
				_ = encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
			}
			for i := range uint32(resets) {
				err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*i + 1, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true})
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
	client := http.Client{Transport: &http.Transport{TLSClientConfig: anyServer(), DisableKeepAlives: true}}
	r, err := client.Get(p.url + "/await?what=most+patient&low=1&high=1000")
	if err != nil {
		t.Fatal(err)
	}
	most, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("more than %d handlers ran at a time: %d %s; want at most 100 for each of %d connections", 100*connections, r.StatusCode, most, connections)
	}
	t.Logf("%s handlers ran at a time", most)
	p.stop()
}

func TestHTTP2StreamsUnderLoadFinishWhenTheServerStops(t *testing.T) {
	cert, key := certificate(t, t.TempDir(), 1)
	p := launch(t, "http.tls_certificate="+cert, "http.tls_key="+key)
	var all sync.WaitGroup
	var finished, warm atomic.Int64
	started := make(chan struct{})
	for range 20 { // connections
		client := http.Client{Transport: &http.Transport{TLSClientConfig: anyServer(), ForceAttemptHTTP2: true}}
		for range 10 { // streams
			all.Go(func() {
				defer client.CloseIdleConnections()
				for {
					r, err := client.Get(p.url + "/sleep?for=5ms")
					if errors.Is(err, syscall.ECONNREFUSED) {
						return // the server is gone, and this stream never began
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})...)
	file := filepath.Join(dir, "pair.pem") // of both, so that they are replaced together
	if err := errors.Join(os.WriteFile(file+".new", both, 0o600), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
	return file, file
}

// anyServer is the TLS of clients that are not tests of certificates.
func anyServer(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}
}
