package config

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"unique"
)

// masked stands for a secret wherever one would be printed; YAML needs no quotes
// around it.
const masked = "(secret)"

// Secret is a text that is not printed: by no verb of fmt, not as JSON, YAML or
// any other text, not by a logger, an error or a panic. Only [Secret.Reveal] gives
// it. Two secrets of the same text are equal by ==; the zero Secret is empty.
type Secret struct {
	// A string would be printed where fmt cannot call methods: as an unexported
	// field of another struct, and by the verb %w. There a handle is an address.
	text unique.Handle[string]
}

// NewSecret returns text as a Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal returns the text of the secret.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.text.Value()
}

// String returns a mask, or nothing where the secret is empty.
func (s Secret) String() string {
	if s == (Secret{}) {
		return ""
	}
	return masked
}

// Format writes what [Secret.String] returns, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // a fmt.State keeps its own error
}

// MarshalText returns what [Secret.String] returns; JSON, YAML, XML and loggers
// call it.
func (s Secret) MarshalText() ([]byte, error) {
	return []byte(s.String()), nil
}

// outline is what an operator may see: of a URL its scheme and host, of anything
// else the mask. Path and query are hidden too, since tokens stand there.
func (s Secret) outline() string {
	_, rest, found := strings.Cut(s.Reveal(), "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 && strings.Contains(rest[end:], "@") {
		return masked // a password with one of "/?#" in it would pass for the host
	}
	u, err := url.Parse(s.Reveal())
	if !found || err != nil || u.Hostname() == "" {
		return s.String()
	}
	if u.User != nil {
		return u.Scheme + "://" + masked + "@" + u.Host
	}
	return u.Scheme + "://" + u.Hostname() // what looks like a port may be the end of user:password
}
