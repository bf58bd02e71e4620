package listen

import (
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// rereadEvery is how old what was read of a certificate may be at a handshake.
const rereadEvery = 10 * time.Second

// TLS returns a configuration for a server with the certificate and the key of
// two PEM files, for TLS 1.2 and later; nil where no files are given. A handshake
// that comes at least 10 seconds after the files were last read reads them again,
// so that a renewed certificate needs no restart. Files that do not make a pair
// leave the one before in use: warn, unless nil, hears of them once, on a
// handshake's goroutine, and again when the problem is another one.
func TLS(certFile, keyFile string, warn func(error)) (*tls.Config, error) {
	if certFile == "" && keyFile == "" {
		return nil, nil
	}
	p := &pair{certFile: certFile, keyFile: keyFile, warn: warn}
	if err := p.read(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: p.get}, nil
}

type pair struct {
	certFile, keyFile string
	warn              func(error)

	current atomic.Pointer[tls.Certificate]

	mu      sync.Mutex // held while the files are read; a handshake does not wait for it
	readAt  time.Time
	problem string // what warn heard last
}

func (p *pair) read() error {
	p.readAt = time.Now()
	cert, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", p.certFile, p.keyFile, err)
	}
	p.current.Store(&cert)
	p.problem = ""
	return nil
}

func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if p.mu.TryLock() {
		defer p.mu.Unlock()
		if time.Since(p.readAt) >= rereadEvery {
			if err := p.read(); err != nil && err.Error() != p.problem {
				p.problem = err.Error()
				if p.warn != nil {
					p.warn(err)
				}
			}
		}
	}
	return p.current.Load(), nil
}
