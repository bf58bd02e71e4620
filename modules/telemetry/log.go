package telemetry

import (
	"bytes"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
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
// and above, and level may be changed while it does. A record is one line of at
// most 16 KiB, whatever is in it; one with a stack trace, or above error, is out
// when the call returns, as [Writer.Sync] understands it. Sync of the logger is
// that of w.
func NewLogger(w *Writer, level zap.AtomicLevel, format, service string) *zap.Logger {
	c := &core{AtomicLevel: level, out: w}
	if c.people = format == "console" || format == "auto" && isTerminal(w.sink); c.people {
		c.encoder = forPeople()
	} else {
		c.encoder = forMachines()
		c.simple = &simple{lines: buffer.NewPool()}
	}
	c = c.with([]zapcore.Field{zap.String("service", service)})
	w.tellBy(func(dropped uint64) []byte {
		e := &zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: "log records dropped"}
		line, err := c.encode(e, []zapcore.Field{zap.Uint64("dropped", dropped)})
		if err != nil {
			return nil // the counter still has it
		}
		defer line.Free()
		return bytes.Clone(line.Bytes())
	})
	return zap.New(c, zap.ErrorOutput(w))
}

func forPeople() zapcore.Encoder {
	c := zap.NewDevelopmentEncoderConfig()
	c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	c.EncodeLevel = zapcore.CapitalLevelEncoder
	return zapcore.NewConsoleEncoder(c)
}

// forMachines is followed by simple.go, which writes most records in its place.
func forMachines() zapcore.Encoder {
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
