package httpserver

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"example.com/ostov/config"
	"example.com/ostov/internal/listen"
)

// Config is the "http" section of the configuration. Where a limit may be 0,
// that is none.
type Config struct {
	Address      string        `yaml:"address" validate:"required" doc:"where to listen: host:port (port 0 picks a free one), unix:PATH or fd:NAME; several by comma"`
	DrainTimeout time.Duration `yaml:"drain_timeout" validate:"gt=0" doc:"how long a stop waits for requests; they are cancelled in its last second"`

	ReadHeaderTimeout time.Duration `yaml:"read_header_timeout" validate:"gt=0" doc:"how long the head of a request may take"`
	ReadTimeout       time.Duration `yaml:"read_timeout" validate:"gte=0" doc:"how long a whole request may take to arrive; 0: no limit"`
	HandlerTimeout    time.Duration `yaml:"handler_timeout" validate:"gte=0" doc:"when the context of a handler ends; 0: no limit"`
	WriteTimeout      time.Duration `yaml:"write_timeout" validate:"gte=0" doc:"how long after its head a request may still be answered; 0: no limit"`
	IdleTimeout       time.Duration `yaml:"idle_timeout" validate:"gt=0" doc:"how long a connection may stay open between requests"`

	MaxHeaderBytes          int   `yaml:"max_header_bytes" validate:"gt=0" doc:"size of the head of a request; over it 431"`
	MaxBodyBytes            int64 `yaml:"max_body_bytes" validate:"gte=0" doc:"size of the body of a request; over it 413; 0: no limit"`
	MaxConnections          int   `yaml:"max_connections" validate:"gte=0" doc:"open connections of each address; over it 503; 0: no limit"`
	MaxConnectionsPerClient int   `yaml:"max_connections_per_client" validate:"gte=0" doc:"open connections of one client address; over it 503; 0: no limit"`

	TLSCertificate string `yaml:"tls_certificate" doc:"PEM file; with it and tls_key the server speaks HTTPS and HTTP/2; a renewed one is read without a restart"`
	TLSKey         string `yaml:"tls_key" doc:"PEM file with the key of tls_certificate"`

	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" doc:"CIDR ranges of proxies, such as 10.0.0.0/8 or 10.0.0.7/32, whose X-Forwarded-For and X-Forwarded-Proto are believed"`
	CORSOrigins    []string       `yaml:"cors_origins" doc:"origins of other sites whose scripts may read the answers; * for all"`
	Gzip           bool           `yaml:"gzip" doc:"compress answers for clients that accept it"`
	Decompress     bool           `yaml:"decompress" doc:"accept bodies with Content-Encoding: gzip; max_body_bytes counts what comes out of them"`
	Docs           bool           `yaml:"docs" doc:"serve the page /docs, and the document of the API at /openapi.json and /openapi.yaml"`
	RateLimit      float64        `yaml:"rate_limit" validate:"gte=0" doc:"requests per second of one client address; over it 429; 0: no limit"`
}

// DefaultConfig returns the settings of a server that nobody configured.
func DefaultConfig() Config {
	return Config{
		Address:           "127.0.0.1:8080",
		DrainTimeout:      10 * time.Second,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		HandlerTimeout:    25 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute, // longer than a balancer keeps its own connections
		MaxHeaderBytes:    16 << 10,
		MaxBodyBytes:      1 << 20,
		MaxConnections:    10_000,
		Docs:              true,
	}
}

// Validate reports what the tags of the fields cannot tell.
func (c Config) Validate() error {
	var errs []error
	refuse := func(key string, err error) { errs = append(errs, config.Invalid(key, "%v", err)) }
	listen.Check(c.Address, c.TLSCertificate, c.TLSKey, refuse)
	if c.WriteTimeout > 0 && c.HandlerTimeout >= c.WriteTimeout {
		refuse("handler_timeout", fmt.Errorf("it must be less than write_timeout, which is %v: later nothing can be answered", c.WriteTimeout))
	}
	for _, origin := range c.CORSOrigins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			refuse("cors_origins", fmt.Errorf("%q is no origin: write scheme://host, such as https://app.example.com, or *", origin))
		}
	}
	return errors.Join(errs...)
}
