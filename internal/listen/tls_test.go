package listen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/internal/listen"
)

// writePair writes a certificate with that serial number and its key.
func writePair(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		DNSNames:     []string{"localhost"},
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert},
		keyFile:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serial returns the serial number that a handshake would show.
func serial(t *testing.T, config *tls.Config) int64 {
	t.Helper()

	cert, err := config.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatalf("GetCertificate: %v", err)
	}
	return cert.Leaf.SerialNumber.Int64()
}

func TestRenewedCertificateNeedsNoRestart(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, certFile, keyFile, 1)

	synctest.Test(t, func(t *testing.T) {
		var warnings []string
		config, err := listen.TLS(certFile, keyFile, func(err error) { warnings = append(warnings, err.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		if config.MinVersion != tls.VersionTLS12 {
			t.Errorf("MinVersion = %x; want TLS 1.2", config.MinVersion)
		}

		writePair(t, certFile, keyFile, 2)
		advance(10*time.Second - 1)
		if got := serial(t, config); got != 1 {
			t.Errorf("certificate just before 10 s = %d; want the first, without another reading", got)
		}
		advance(1)
		if got := serial(t, config); got != 2 {
			t.Errorf("certificate after 10 s = %d; want the renewed one", got)
		}

		if err := os.WriteFile(certFile, []byte("half a certif"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			advance(10 * time.Second)
			if got := serial(t, config); got != 2 {
				t.Errorf("certificate with a broken file = %d; want the one before", got)
			}
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], certFile) {
			t.Errorf("warnings = %q; want one, naming %s", warnings, certFile)
		}

		writePair(t, certFile, keyFile, 3)
		advance(10 * time.Second)
		if got := serial(t, config); got != 3 {
			t.Errorf("certificate after the repair = %d; want the new one", got)
		}
	})
}

// advance moves the time of a synctest bubble on.
func advance(d time.Duration) { <-time.After(d) }

func TestBrokenPairIsRefusedAtOnce(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	certFile, keyFile, otherKey := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "other.key")
	writePair(t, certFile, keyFile, 1)
	writePair(t, filepath.Join(dir, "other.crt"), otherKey, 2)

	tests := []struct{ name, cert, key, want string }{
		{"a key of another certificate", certFile, otherKey, "private key does not match"},
		{"a missing file", filepath.Join(dir, "none.crt"), keyFile, "no such file"},
		{"files the wrong way round", keyFile, certFile, "switched"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := listen.TLS(tt.cert, tt.key, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.cert) || !strings.Contains(err.Error(), tt.key) {
				t.Errorf("TLS = %v; want both files and %q in the message", err, tt.want)
			}
		})
	}
}

func TestTLSServesTheCertificate(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, certFile, keyFile, 7)
	config, err := listen.TLS(certFile, keyFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(bind(t, "127.0.0.1:0")[0], config)
	accepted := acceptAll(t, l)

	trusted := x509.NewCertPool()
	text, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	trusted.AppendCertsFromPEM(text)
	client := tls.Client(dial(t, "", l.Addr()), &tls.Config{ServerName: "localhost", RootCAs: trusted})
	go func() {
		conn := <-accepted
		defer conn.Close()
		_, _ = io.WriteString(conn, "secret")
	}()
	if answer, err := io.ReadAll(client); string(answer) != "secret" {
		t.Errorf("answer over TLS = %q (%v); want secret", answer, err)
	}
}
