package listen_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/ostov/internal/listen"
	"example.com/ostov/internal/testkit"
)

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
	certFile, keyFile, _ := testkit.Pair(t, dir, 1)

	synctest.Test(t, func(t *testing.T) {
		var warnings []string
		config, err := listen.TLS(certFile, keyFile, func(err error) { warnings = append(warnings, err.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		if config.MinVersion != tls.VersionTLS12 {
			t.Errorf("MinVersion = %x; want TLS 1.2", config.MinVersion)
		}

		testkit.Pair(t, dir, 2)
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

		testkit.Pair(t, dir, 3)
		advance(10 * time.Second)
		if got := serial(t, config); got != 3 {
			t.Errorf("certificate after the repair = %d; want the new one", got)
		}

		if err := os.WriteFile(certFile, []byte("half a certif"), 0o600); err != nil {
			t.Fatal(err)
		}
		advance(10 * time.Second)
		if got := serial(t, config); got != 3 || len(warnings) != 2 {
			t.Errorf("certificate with the same file broken again = %d, warnings %q; want the one before, and a second warning", got, warnings)
		}
	})
}

// advance moves the time of a synctest bubble on.
func advance(d time.Duration) { <-time.After(d) }

func TestBrokenPairIsRefusedAtOnce(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	certFile, keyFile, _ := testkit.Pair(t, dir, 1)
	_, otherKey, _ := testkit.Pair(t, t.TempDir(), 2)

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
