package admin

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"example.com/ostov/config"
	"example.com/ostov/internal/listen"
)

// Config is the "admin" section of the configuration.
type Config struct {
	Address string        `yaml:"address" doc:"where to listen: host:port (port 0 picks a free one), unix:PATH or fd:NAME; beyond loopback and unix it needs admin.token"`
	Token   config.Secret `yaml:"token" doc:"what operators show; empty: made at start and shown once on stderr, as a link"`
	Hosts   []string      `yaml:"hosts" doc:"names and IP addresses, without port, by which operators reach the server, beside the host of admin.address"`
}

// DefaultConfig returns the settings of an admin server that nobody configured.
func DefaultConfig() Config {
	return Config{Address: "127.0.0.1:8081", Hosts: []string{"localhost", "127.0.0.1", "::1"}}
}

// Validate refuses what cannot be listened on or asked for, and an address that
// others reach where no token is set.
func (c Config) Validate() error {
	var errs []error
	if err := listen.Validate(c.Address); err != nil {
		errs = append(errs, config.Invalid("address", "%v", err))
	} else if !c.loopback() && c.Token == (config.Secret{}) {
		errs = append(errs, config.Invalid("token", "others may reach admin.address, which is %s: "+
			"set admin.token, or let admin.address be a loopback one such as 127.0.0.1:8081", c.Address))
	}
	for _, host := range c.Hosts {
		if _, err := netip.ParseAddr(host); err != nil && (host == "" || strings.ContainsAny(host, ":/[]@* ")) {
			errs = append(errs, config.Invalid("hosts", "%q is no host: write a name or an IP address, without scheme and port", host))
		}
	}
	return errors.Join(errs...)
}

// host returns the host of the address, empty where it has none.
func (c Config) host() string {
	if strings.HasPrefix(c.Address, "unix:") || strings.HasPrefix(c.Address, "fd:") {
		return ""
	}
	host, _, _ := net.SplitHostPort(c.Address) // which Validate has seen
	return host
}

// loopback tells whether only this machine reaches the address. What an
// inherited listener is bound to is not known.
func (c Config) loopback() bool {
	ip, _ := netip.ParseAddr(c.host())
	return ip.Unmap().IsLoopback() || strings.EqualFold(c.host(), "localhost") || strings.HasPrefix(c.Address, "unix:")
}
