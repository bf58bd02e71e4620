// Package testkit has what the tests of several rooms need alike: a certificate,
// a buffer that is read while it is written, a listener in memory, where a program
// serves and what it measures. It is for test files.
package testkit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Buffer keeps what is written, for any number of goroutines. The zero value is
// empty and ready.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Served returns where a program serves by its ready line, as URLs: of several of a
// kind the last one.
func Served(ready string) (http, tcp, admin string) {
	for word := range strings.FieldsSeq(ready) {
		url, ofAdmin := strings.CutPrefix(strings.TrimSuffix(word, "."), "admin=")
		switch scheme, _, _ := strings.Cut(url, "://"); {
		case ofAdmin:
			admin = url
		case scheme == "http" || scheme == "https":
			http = url
		case scheme == "tcp" || scheme == "tls":
			tcp = url
		}
	}
	return http, tcp, admin
}

// Certificate returns a new certificate of localhost and 127.0.0.1, and its key, in
// PEM.
func Certificate(t testing.TB, serial int64) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	public, certErr := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	secret, keyErr := x509.MarshalPKCS8PrivateKey(private)
	if err := errors.Join(certErr, keyErr); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// Pair writes a [Certificate] and its key into dir, in the place of those that are
// there, and returns their files and the pool of who trusts it.
func Pair(t testing.TB, dir string, serial int64) (certFile, keyFile string, trusted *x509.CertPool) {
	t.Helper()
	certificate, key := Certificate(t, serial)
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := errors.Join(os.WriteFile(certFile, certificate, 0o600), os.WriteFile(keyFile, key, 0o600)); err != nil {
		t.Fatal(err)
	}
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	return certFile, keyFile, trusted
}
