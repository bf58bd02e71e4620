// Package telemetry gives an application its log.
//
// It gives library types only: what logs takes a *zap.Logger.
package telemetry
