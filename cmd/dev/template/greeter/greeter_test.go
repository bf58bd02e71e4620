package greeter_test

import (
	"testing"

	"example.com/ostov/cmd/dev/template/greeter"
)

func TestGreetGreetsByNameAndCounts(t *testing.T) {
	t.Parallel()

	g := greeter.New(greeter.Config{Greeting: "Good day"})
	if got, want := g.Greet("Ada"), "Good day, Ada!"; got != want {
		t.Errorf("Greet = %q; want %q", got, want)
	}
	if got := g.Count(); got != 1 {
		t.Errorf("Count = %d; want 1", got)
	}
}

func TestAGreetingOfTwoLinesIsRefused(t *testing.T) {
	t.Parallel()

	if err := (greeter.Config{Greeting: "Hello\nthere"}).Validate(); err == nil {
		t.Error("Validate = nil; want an error")
	}
	if err := greeter.DefaultConfig().Validate(); err != nil {
		t.Errorf("Validate of the defaults = %v", err)
	}
}
