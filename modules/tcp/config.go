package tcp

import (
	"errors"
	"time"

	"example.com/ostov/config"
	"example.com/ostov/internal/listen"
)

// Config is the "tcp" section of the configuration.
type Config struct {
	Address string `yaml:"address" doc:"where to listen: host:port (port 0 picks a free one), unix:PATH or fd:NAME; several by comma"`

	DrainTimeout time.Duration `yaml:"drain_timeout" doc:"how long a stop waits for sessions to finish their answer; handlers are cancelled in its last second"`

	FirstByteTimeout time.Duration `yaml:"first_byte_timeout" doc:"how long a client may be silent after it connected; TLS handshake: all of it"`
	LineTimeout      time.Duration `yaml:"line_timeout" doc:"how long a line may take to arrive"`
	IdleTimeout      time.Duration `yaml:"idle_timeout" doc:"how long a client may be silent between two lines"`
	WriteTimeout     time.Duration `yaml:"write_timeout" doc:"how long a client may take for each 16 KiB of an answer"`

	MaxConnections          int `yaml:"max_connections" doc:"open connections of each address; over it one is closed at once; 0: no limit"`
	MaxConnectionsPerClient int `yaml:"max_connections_per_client" doc:"open connections of one client address; 0: no limit"`

	TLSCertificate string `yaml:"tls_certificate" doc:"PEM file; with tls_key the servers speak TLS; read again when renewed"`
	TLSKey         string `yaml:"tls_key" doc:"PEM file with the key of tls_certificate"`
}

// DefaultConfig returns the settings of servers that nobody configured.
func DefaultConfig() Config {
	return Config{
		Address:          "127.0.0.1:2323",
		DrainTimeout:     10 * time.Second,
		FirstByteTimeout: 10 * time.Second,
		LineTimeout:      30 * time.Second,
		IdleTimeout:      5 * time.Minute,
		WriteTimeout:     10 * time.Second,
		MaxConnections:   1000,
	}
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, config.Invalid(key, format, args...))
	}

	for _, address := range listen.Split(c.Address) {
		if err := listen.Validate(address); err != nil {
			wrong("address", "%v", err)
		}
	}
	for _, limit := range []struct {
		key   string
		value time.Duration
	}{
		{"drain_timeout", c.DrainTimeout},
		{"first_byte_timeout", c.FirstByteTimeout},
		{"line_timeout", c.LineTimeout},
		{"idle_timeout", c.IdleTimeout},
		{"write_timeout", c.WriteTimeout},
	} {
		if limit.value <= 0 {
			wrong(limit.key, "must be more than 0")
		}
	}
	if c.MaxConnections < 0 {
		wrong("max_connections", "must not be negative; 0 is no limit")
	}
	if c.MaxConnectionsPerClient < 0 {
		wrong("max_connections_per_client", "must not be negative; 0 is no limit")
	}
	switch {
	case c.TLSCertificate != "" && c.TLSKey == "":
		wrong("tls_key", "is missing, and tls_certificate is given: give both or none")
	case c.TLSCertificate == "" && c.TLSKey != "":
		wrong("tls_certificate", "is missing, and tls_key is given: give both or none")
	case c.secure():
		if _, err := listen.TLS(c.TLSCertificate, c.TLSKey, nil); err != nil {
			wrong("tls_certificate", "%v", err)
		}
	}
	return errors.Join(errs...)
}

func (c Config) secure() bool { return c.TLSCertificate != "" && c.TLSKey != "" }

// scheme of the URLs under which the servers are reached.
func (c Config) scheme() string {
	if c.secure() {
		return "tls"
	}
	return "tcp"
}
