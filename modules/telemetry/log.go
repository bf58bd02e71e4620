package telemetry

import (
	"io"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/config"
)

// Config is the "log" section of the configuration.
type Config struct {
	Level  zapcore.Level `yaml:"level" doc:"least important record that is written: debug, info, warn, error"`
	Format string        `yaml:"format" validate:"oneof=auto console json" doc:"console, json, or auto: console on a terminal, else json"`
}

// DefaultConfig returns the settings of a log that nobody configured.
func DefaultConfig() Config { return Config{Level: zapcore.InfoLevel, Format: "auto"} }

// Validate refuses levels that end the process or that no record has.
func (c Config) Validate() error {
	if c.Level > zapcore.ErrorLevel {
		return config.Invalid("level", "want debug, info, warn or error")
	}
	return nil
}

// NewLogger makes the log of a service on w. What it returns writes at level
// and above, and level may be changed while it does.
func NewLogger(w io.Writer, level zap.AtomicLevel, format, service string) *zap.Logger {
	core := zapcore.NewCore(encoder(w, format), zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(core, zap.ErrorOutput(zapcore.Lock(zapcore.AddSync(w)))).With(zap.String("service", service))
}

func encoder(w io.Writer, format string) zapcore.Encoder {
	if format == "console" || format == "auto" && isTerminal(w) {
		c := zap.NewDevelopmentEncoderConfig()
		c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		c.EncodeLevel = zapcore.CapitalLevelEncoder
		return zapcore.NewConsoleEncoder(c)
	}
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncodeDuration = zapcore.SecondsDurationEncoder
	return zapcore.NewJSONEncoder(c)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
