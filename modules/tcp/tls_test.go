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

	return newClient(k.t, tls.Client(k.dial().Conn, config))
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
	k.stop()
	idle.wantEnd("") // which TLS tells from a connection that was cut
	k.wantLogged(zap.ErrorLevel, 0)
}

func TestClientThatDoesNotSpeakTLSIsClosed(t *testing.T) {
	t.Parallel()

	secure, _ := secured(t)
	k := start(t, server(echo()), secure, configured(func(c *tcp.Config) { c.FirstByteTimeout = 100 * time.Millisecond }))
	plain, silent := k.dial(), k.dial()
	plain.send("rook black\n")
	if _, err := io.ReadAll(plain); err != nil { // an alert, in TLS
		t.Errorf("plain client: %v; want the end", err)
	}
	silent.wantClosed()
	k.stop()
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
		closed := make(chan struct{})
		k := startPipes(t, server(echo()), secure)
		c := k.dial()
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
		k := startPipes(t, server(echo()), secure)
		c := k.dialTLS(clients)
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
	c := k.dial()
	c.send("\x16\x03\x01") // the head of a hello
	k.stop()
	c.wantClosed()
	k.wantLogged(zap.WarnLevel, 0)
}
