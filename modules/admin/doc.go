// Package admin serves those who operate the application, on an address of its
// own: first up and last down, so that it answers to the very end.
package admin
