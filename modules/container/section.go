package container

import (
	"slices"
	"strings"
	"time"

	"go.uber.org/fx"

	"example.com/ostov/config"
)

// Section adds a section to the configuration and gives its T, loaded from all
// sources over defaults and validated together with all other sections. T is a
// struct as package config wants it.
func Section[T any](name string, defaults T) fx.Option {
	return section[T](name, func() config.Section { return config.NewSection(name, defaults) })
}

// section takes a constructor that may have dependencies of its own.
func section[T any](name string, constructor any) fx.Option {
	return fx.Provide(
		fx.Annotate(constructor, fx.ResultTags(`group:"config.sections"`)),
		func(c *config.Config) T { return config.Get[T](c, name) },
	)
}

type loadParams struct {
	fx.In

	Bare     bare
	Sections []config.Section `group:"config.sections"`
}

func load(p loadParams) (*config.Config, error) {
	return config.Load(p.Sections, p.Bare.process.Sources)
}

// Config is the "app" section of the configuration.
type Config struct {
	Name         string        `yaml:"name" validate:"required" doc:"name of the service in logs, traces and metrics"`
	StartTimeout time.Duration `yaml:"start_timeout" validate:"gt=0" doc:"limit of the whole start"`
	StopTimeout  time.Duration `yaml:"stop_timeout" validate:"gt=0" doc:"limit of the whole stop, the drain delay included"`
	DrainDelay   time.Duration `yaml:"drain_delay" validate:"gte=0" doc:"how long a stop goes on serving, not ready any more; 5s under Kubernetes"`
}

// DefaultConfig returns the settings of an application that nobody configured,
// on a plain machine.
func DefaultConfig() Config {
	return Config{Name: "app", StartTimeout: 15 * time.Second, StopTimeout: 25 * time.Second}
}

// appSection knows that Kubernetes goes on sending for a while after it asked
// for a stop: there the default drain delay is 5 seconds.
func appSection(b bare) config.Section {
	c := DefaultConfig()
	if slices.ContainsFunc(b.process.Sources.Environ, func(v string) bool { return strings.HasPrefix(v, "KUBERNETES_SERVICE_HOST=") }) {
		c.DrainDelay = 5 * time.Second
	}
	return config.NewSection("app", c)
}

// Validate refuses a drain delay that leaves no time for the rest of the stop.
func (c Config) Validate() error {
	if c.DrainDelay >= c.StopTimeout {
		return config.Invalid("drain_delay", "want less than app.stop_timeout, which is %v", c.StopTimeout)
	}
	return nil
}
