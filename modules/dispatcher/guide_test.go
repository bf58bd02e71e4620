package dispatcher_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheGuideShowsEachKindOfWorkInUnder15Lines(t *testing.T) {
	t.Parallel()

	guide, err := os.ReadFile("../../docs/guide/background-work.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```go\n")[1:]
	if len(blocks) < 6 {
		t.Errorf("the guide has %d pieces of code; want one for each kind of work", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```\n")
		if n := strings.Count(code, "\n"); n >= 15 {
			t.Errorf("a piece of the guide's code has %d lines; want under 15:\n%s", n, code)
		}
	}
}
