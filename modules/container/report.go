package container

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/lifecycle"
)

// Report tells what has become of each hook, and why the application ends.
func (c *Container) Report() lifecycle.Report { return c.engine.Report() }

// logStart and logStop write what the engine did in one record each.
func (c *Container) logStart() {
	if !c.log.Core().Enabled(zapcore.DebugLevel) {
		return
	}
	r := c.Report()
	c.log.Debug("application started", zap.Duration("took", r.Start.Duration),
		zap.Strings("hooks", lines(r.Hooks, func(h lifecycle.HookReport) *lifecycle.Call { return h.Start })))
}

func (c *Container) logStop() {
	if !c.log.Core().Enabled(zapcore.WarnLevel) {
		return
	}
	r := c.Report()
	if r.Start.Begin.IsZero() {
		return // it was built to be looked at
	}
	level := zapcore.InfoLevel
	if r.Error != "" || len(r.Left) > 0 {
		level = zapcore.WarnLevel
	}
	fields := []zap.Field{
		zap.String("state", string(r.State)),
		zap.Duration("took", r.Stop.Duration),
		zap.Strings("hooks", lines(r.Hooks, func(h lifecycle.HookReport) *lifecycle.Call { return h.Stop })),
	}
	if r.Cause != "" {
		fields = append(fields, zap.String("cause", r.Cause))
	}
	if r.Error != "" {
		fields = append(fields, zap.String("error", r.Error))
	}
	if len(r.Left) > 0 {
		fields = append(fields, zap.Strings("goroutines_left", r.Left))
	}
	c.log.Log(level, "application stopped", fields...)
}

// lines tells what became of calls, in a line each: name, phase, outcome and time.
func lines(hooks []lifecycle.HookReport, of func(lifecycle.HookReport) *lifecycle.Call) (lines []string) {
	for _, h := range hooks {
		if call := of(h); call != nil {
			lines = append(lines, fmt.Sprintf("%s (%s) %s %v", h.Name, h.Phase, call.Outcome, call.Duration.Round(time.Microsecond)))
		}
	}
	return lines
}

// saveReport writes the report to the file that Process names.
func (c *Container) saveReport() error {
	if c.process.Report == "" {
		return nil
	}
	text, err := json.MarshalIndent(c.Report(), "", "\t")
	if err == nil {
		err = os.WriteFile(c.process.Report, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("save the report: %w", err)
	}
	return nil
}
