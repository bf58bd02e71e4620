package dispatcher

import (
	"errors"
	"time"

	"example.com/ostov/config"
)

// Config is the "dispatcher" section of the configuration.
type Config struct {
	StopTimeout time.Duration `yaml:"stop_timeout" doc:"how long a stop waits for tasks; what runs on is named and left behind"`
	Workers     int           `yaml:"workers" doc:"how many one-shots run at a time, 1 to 10000"`
	Queue       int           `yaml:"queue" doc:"how many one-shots may wait for a worker, 1 to 1000000"`
}

// DefaultConfig returns the settings of a dispatcher that nobody configured.
func DefaultConfig() Config {
	return Config{StopTimeout: 5 * time.Second, Workers: 8, Queue: 1024}
}

// Validate refuses limits that cannot hold.
func (c Config) Validate() error {
	var errs []error
	if c.StopTimeout <= 0 {
		errs = append(errs, config.Invalid("stop_timeout", "want more than 0"))
	}
	if c.Workers < 1 || c.Workers > 10_000 {
		errs = append(errs, config.Invalid("workers", "want 1 to 10000"))
	}
	if c.Queue < 1 || c.Queue > 1_000_000 {
		errs = append(errs, config.Invalid("queue", "want 1 to 1000000"))
	}
	return errors.Join(errs...)
}
