// Package charfinder finds Unicode characters by the words of their names. It
// is the example feature: a page and an API over HTTP, a line protocol over TCP
// and a task by the clock, each in a thin file of its own on top of a domain
// that knows none of them. To drop it, delete this folder and its line in
// package modules.
//
// index.go finds, names.go and describe.go tell about what was found, finder.go
// counts what was asked. Names are those of Unicode 15.0 on Go 1.26.
package charfinder
