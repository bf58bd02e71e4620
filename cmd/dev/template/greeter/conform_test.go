package greeter_test

import (
	"testing"

	"example.com/ostov/apptest"
	"example.com/ostov/cmd/dev/template/greeter"
)

// It starts and stops as well as the rest, whatever fails beside it.
func TestTheModuleConforms(t *testing.T) { apptest.Conform(t, greeter.Module) }
