// Package container builds an application out of Fx modules and runs it.
//
// [Module] hands every hook of the application, plain fx.Lifecycle hooks
// included, to the engine of package lifecycle. [Section], [CleanupCtx] and the
// helpers of the other modules return an fx.Option each and stand flat in an
// fx.Module. [Run] is the whole of a main function.
package container
