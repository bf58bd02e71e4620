package telemetry_test

import (
	"os"
	"strings"
	"testing"
)

// The guide shows what the example proves.
func TestTheGuideShowsTheExample(t *testing.T) {
	t.Parallel()

	guide, err := os.ReadFile("../../docs/guide/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```go\n")[1:]
	if len(blocks) < 2 {
		t.Errorf("the guide has %d pieces of code; want the constructor and its use", len(blocks))
	}
	for _, block := range blocks {
		if code, _, _ := strings.Cut(block, "```\n"); !strings.Contains(string(example), code) {
			t.Errorf("the guide has code that is not in example_test.go:\n%s", code)
		}
	}
}
