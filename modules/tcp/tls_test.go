package tcp_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/tcp"
)

// secured lets servers speak TLS, and returns what their clients need.
func secured(t *testing.T) (setting, *tls.Config) {
	t.Helper()

	certFile, keyFile, trusted := testkit.Pair(t, t.TempDir(), 1)
	return configured(func(c *tcp.Config) { c.TLSCertificate, c.TLSKey = certFile, keyFile }),
		&tls.Config{ServerName: "localhost", RootCAs: trusted}
}

// dialTLS opens a session with the first server.
func (k *kit) dialTLS(config *tls.Config) *client {
	k.t.Helper()

	conn, err := net.Dial("tcp", strings.TrimPrefix(k.URLs()[0], "tls://"))
	if err != nil {
		k.t.Fatal(err)
	}
	return newClient(k.t, tls.Client(conn, config))
}

func TestLinesAreAnsweredOverTLS(t *testing.T) {
	t.Parallel()

	secure, clients := secured(t)
	s := echo()
	s.Greeting = "?> "
	k := start(t, server(s), secure)

	c := k.dialTLS(clients)
	c.want("?> ")
	c.send("a\nb")
	c.half()
	c.wantEnd("[a]\n[b]\n")

	long := k.dialTLS(clients)
	long.send("a\n" + strings.Repeat("x", 9000))
	long.wantEnd("?> [a]\n")

	idle := k.dialTLS(clients)
	idle.want("?> ")
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	idle.wantEnd("") // which TLS tells from a connection that was cut
	k.wantLogged(zap.ErrorLevel, 0)
}

func TestClientThatDoesNotSpeakTLSIsClosed(t *testing.T) {
	t.Parallel()

	secure, _ := secured(t)
	k := start(t, server(echo()), secure, configured(func(c *tcp.Config) { c.FirstByteTimeout = 100 * time.Millisecond }))
	dial := func() *client {
		return k.dialTo("tcp://" + strings.TrimPrefix(k.URLs()[0], "tls://"))
	}
	plain, silent := dial(), dial()
	plain.send("rook black\n")
	if _, err := io.ReadAll(plain); err != nil { // an alert, in TLS
		t.Errorf("plain client: %v; want the end", err)
	}
	silent.wantClosed()
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	k.wantLogged(zap.ErrorLevel, 0)
}

// deaf is a connection whose client does not read.
type deaf struct {
	net.Conn
	closed chan struct{}
}

func (d deaf) Read([]byte) (int, error) { <-d.closed; return 0, net.ErrClosed }

func TestHandshakeEndsWhereTheClientDoesNotRead(t *testing.T) {
	t.Parallel()

	secure, clients := secured(t)
	synctest.Test(t, func(t *testing.T) {
		l, closed := newPipes(), make(chan struct{})
		k := startOn(t, l, server(echo()), secure)
		c := l.connect(t)
		hello := make(chan error)
		go func() { hello <- tls.Client(deaf{c.Conn, closed}, clients).Handshake() }()

		<-time.After(10 * time.Second)
		synctest.Wait()
		if ended := k.logs.FilterMessage("session ended").Len(); ended != 1 {
			t.Errorf("%d sessions ended within first_byte_timeout, 10s; want 1", ended)
		}
		close(closed)
		<-hello
	})
}

func TestClientThatDoesNotReadIsClosedOverTLS(t *testing.T) {
	t.Parallel()

	secure, clients := secured(t)
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		k := startOn(t, l, server(echo()), secure)
		c := newClient(t, tls.Client(l.connect(t).Conn, clients))
		c.send("a\n")
		c.want("[a]\n")
		c.send("b\n")
		<-time.After(10 * time.Second)
		synctest.Wait()
		if ended := k.logs.FilterMessage("session ended").Len(); ended != 1 {
			t.Errorf("%d sessions ended within write_timeout, 10s; want 1", ended)
		}
	})
}

func TestStopEndsAHandshakeUnderWay(t *testing.T) {
	t.Parallel()

	secure, _ := secured(t)
	k := start(t, server(echo()), secure)
	c := k.dialTo("tcp://" + strings.TrimPrefix(k.URLs()[0], "tls://"))
	c.send("\x16\x03\x01") // the head of a hello
	if err := k.stop(); err != nil {
		t.Error("stop:", err)
	}
	c.wantClosed()
	k.wantLogged(zap.WarnLevel, 0)
}
