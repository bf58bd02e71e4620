package container

import "context"

// Panel is a table that a module shows to operators beside what every module has. A
// module gives it in the value group "container.panels".
type Panel struct {
	Name string

	// Read returns the rows, a slice of structs with JSON tags. It is asked every few
	// seconds while somebody looks, and has a second.
	Read func(ctx context.Context) (any, error)
}
