// Package httpserver serves HTTP: Echo on a server and on listeners of our own.
// The folder is named http and the package is not, so that net/http stays
// usable beside it; importers write the name out.
//
// A feature adds its endpoints with [Routes]. *echo.Echo is in the graph too:
// any plain Echo handler or middleware works, added in a constructor or an
// invocation, before the application starts. What every request passes is one
// list, in stack.go.
//
// A stop loses no request: see [Server.Serve].
package httpserver
