package dispatcher_test

import (
	"os"
	"strings"
	"testing"
)

// The guide shows what the examples prove, each in under 15 lines.
func TestTheGuideShowsTheExamples(t *testing.T) {
	t.Parallel()

	guide, err := os.ReadFile("../../docs/guide/background-work.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```go\n")[1:]
	if len(blocks) < 6 {
		t.Errorf("the guide has %d pieces of code; want one for each kind of work", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```\n")
		if !strings.Contains(string(examples), code) {
			t.Errorf("the guide has code that is not in example_test.go:\n%s", code)
		}
		if n := strings.Count(code, "\n"); n >= 15 {
			t.Errorf("a piece of the guide's code has %d lines; want under 15:\n%s", n, code)
		}
	}
}
