// Package telemetry gives an application its log, its traces and its metrics,
// as library types only: what logs takes a *zap.Logger or a *slog.Logger, what
// traces a trace.TracerProvider, what counts a prometheus.Registerer.
//
// The log is written to stderr by a [Writer], which no reader of it can stall.
// [Log] adds the ids of a request to a record. Traces go where the standard OTEL_
// variables say, see [Traces]. Each application has its own registry, provider
// and writer; no package variable of the libraries is assigned.
package telemetry
