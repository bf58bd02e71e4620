// Package greeter greets. It is a feature to begin with: each way in is a thin
// file of its own on top of a domain that knows neither Fx nor Echo. To drop one,
// delete the file, its test and its line in module.go.
package greeter

import (
	"strings"
	"sync/atomic"

	"example.com/ostov/config"
)

// Config is the "greeter" section of the configuration.
type Config struct {
	Greeting string `yaml:"greeting" validate:"required" doc:"what a visitor is told"`
}

// DefaultConfig returns the settings of a greeter that nobody configured.
func DefaultConfig() Config { return Config{Greeting: "Hello"} }

// Validate refuses what the tags cannot tell.
func (c Config) Validate() error {
	if strings.ContainsAny(c.Greeting, "\r\n") {
		return config.Invalid("greeting", "want a single line")
	}
	return nil
}

// Greeter greets and counts how often. It may be used by many goroutines at
// once.
type Greeter struct {
	config Config
	count  atomic.Int64
}

// New returns a greeter that has greeted nobody.
func New(c Config) *Greeter { return &Greeter{config: c} }

// Greet returns a greeting for name.
func (g *Greeter) Greet(name string) string {
	g.count.Add(1)
	return g.config.Greeting + ", " + name + "!"
}

// Count returns how often it greeted.
func (g *Greeter) Count() int64 { return g.count.Load() }
