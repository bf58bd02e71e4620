package jobs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"example.com/ostov/config"
)

// Config is the "jobs" section of the configuration.
type Config struct {
	Queues []Queue `yaml:"queues" doc:"the queues that this process works, NAME=WORKERS each: so many jobs run at a time"`

	StopTimeout time.Duration `yaml:"stop_timeout" validate:"gt=0" doc:"how long a stop waits for jobs; in its last third they are cancelled, and available again"`
	JobTimeout  time.Duration `yaml:"job_timeout" validate:"gt=0" doc:"how long a job may run whose kind does not say it"`

	FetchCooldown     time.Duration `yaml:"fetch_cooldown" validate:"min=1ms" doc:"the shortest time between two fetches of a queue: it takes at most WORKERS jobs in it"`
	FetchPollInterval time.Duration `yaml:"fetch_poll_interval" doc:"how often a queue is looked at where nobody tells of a new job"`

	KeepCompleted time.Duration `yaml:"keep_completed" validate:"gt=0" doc:"how long completed and cancelled jobs are kept"`
	KeepDiscarded time.Duration `yaml:"keep_discarded" validate:"gt=0" doc:"how long jobs are kept that have failed for good"`
}

// DefaultConfig returns the settings of a client that nobody configured.
func DefaultConfig() Config {
	return Config{
		Queues:            []Queue{{Name: river.QueueDefault, Workers: 50}},
		StopTimeout:       5 * time.Second,
		JobTimeout:        time.Minute,
		FetchCooldown:     100 * time.Millisecond,
		FetchPollInterval: 2 * time.Second,
		KeepCompleted:     24 * time.Hour,
		KeepDiscarded:     7 * 24 * time.Hour,
	}
}

// Queue is a queue that a process works.
type Queue struct {
	Name    string
	Workers int
}

// UnmarshalText reads NAME=WORKERS.
func (q *Queue) UnmarshalText(text []byte) error {
	name, number, found := strings.Cut(string(text), "=")
	workers, err := strconv.Atoi(number)
	if !found || err != nil {
		return fmt.Errorf("%q: want NAME=WORKERS, such as %s=50", text, river.QueueDefault)
	}
	*q = Queue{name, workers}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (q Queue) MarshalText() ([]byte, error) {
	return []byte(q.Name + "=" + strconv.Itoa(q.Workers)), nil
}

// Validate reports what the tags of the fields cannot tell.
func (c Config) Validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, config.Invalid(key, format, args...))
	}
	seen := make(map[string]bool)
	for _, q := range c.Queues {
		switch {
		case q.Name == "" || seen[q.Name]:
			wrong("queues", "%q: want names, each once", q.Name)
		case q.Workers < 1 || q.Workers > river.QueueNumWorkersMax:
			wrong("queues", "%s has %d workers; want 1 to %d", q.Name, q.Workers, river.QueueNumWorkersMax)
		}
		seen[q.Name] = true
	}
	if c.FetchPollInterval < c.FetchCooldown {
		wrong("fetch_poll_interval", "must not be shorter than fetch_cooldown, which is %v", c.FetchCooldown)
	}
	return errors.Join(errs...)
}
