// Package lifecycle starts and stops the parts of an application: in order, in
// reverse, always.
//
// An [Engine] keeps one ordered list of hooks. A hook is a [Setup], which
// acquires something and returns the [Cleanup] that releases it:
//
//	new → starting → running → stopping → stopped
//	          └──────────────→ stopping → failed
//
// Whatever happens on the way (an error, a panic, a time-out, a stop that comes
// while starting), each hook that was acquired is released, once, after all that
// started later. One that hangs is left behind and named; the others still run.
//
// The package knows neither Fx nor a logger: container hands it the hooks of an
// Fx application and an observer.
package lifecycle
