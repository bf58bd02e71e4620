// Package faults has the tests of the servers as processes: restarted under
// load, overloaded, fed nonsense. The program they run is the application with
// the routes and line servers of program_test.go, whose faults are at the
// tests' command; it is in test files only, so that no shipped program has it.
package faults
