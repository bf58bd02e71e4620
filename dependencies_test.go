package ostov_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestEachDependencyHasItsReason(t *testing.T) {
	t.Parallel()

	page := file(t, "docs/adr/dependencies.md")
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list -m all: %v", err)
	}
	required := strings.Fields(string(out))
	if len(required) < 10 {
		t.Errorf("go list -m all names %d direct dependencies; want those of go.mod", len(required))
	}
	for _, path := range required {
		if !strings.Contains(page, "`"+path+"`") {
			t.Errorf("go.mod requires %s: give it a row in docs/adr/dependencies.md, with what it saves", path)
		}
	}
}
