package tcp

import (
	"errors"
	"time"

	"example.com/ostov/config"
	"example.com/ostov/internal/listen"
)

// Config is the "tcp" section of the configuration.
type Config struct {
	Address string `yaml:"address" validate:"required" doc:"where to listen: host:port (port 0 picks a free one), unix:PATH or fd:NAME; several by comma"`

	DrainTimeout time.Duration `yaml:"drain_timeout" validate:"gt=0" doc:"how long a stop waits for sessions to finish their answer; handlers are cancelled in its last second"`

	FirstByteTimeout time.Duration `yaml:"first_byte_timeout" validate:"gt=0" doc:"how long a client may be silent after it connected; TLS handshake: all of it"`
	LineTimeout      time.Duration `yaml:"line_timeout" validate:"gt=0" doc:"how long a line may take to arrive"`
	IdleTimeout      time.Duration `yaml:"idle_timeout" validate:"gt=0" doc:"how long a client may be silent between two lines"`
	WriteTimeout     time.Duration `yaml:"write_timeout" validate:"gt=0" doc:"how long a client may take for each 16 KiB of an answer"`

	MaxConnections          int `yaml:"max_connections" validate:"gte=0" doc:"open connections of each address; over it one is closed at once; 0: no limit"`
	MaxConnectionsPerClient int `yaml:"max_connections_per_client" validate:"gte=0" doc:"open connections of one client address; 0: no limit"`

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

// Validate reports what the tags of the fields cannot tell.
func (c Config) Validate() error {
	var errs []error
	listen.Check(c.Address, c.TLSCertificate, c.TLSKey, func(key string, err error) {
		errs = append(errs, config.Invalid(key, "%v", err))
	})
	return errors.Join(errs...)
}
