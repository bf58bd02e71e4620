package telemetry

import (
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/modules/container"
)

// Module gives *zap.Logger, and the zap.AtomicLevel that changes its level.
var Module = fx.Module("telemetry",
	container.Section("log", DefaultConfig()),
	fx.Provide(newLevel, newLogger),
)

func newLevel(c Config) zap.AtomicLevel { return zap.NewAtomicLevelAt(c.Level) }

func newLogger(c Config, app container.Config, level zap.AtomicLevel, own *container.Container) *zap.Logger {
	return NewLogger(own.Process().Stderr, level, c.Format, app.Name)
}
