package apptest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests see into their golden files") //nolint:gochecknoglobals // flags are

// Golden compares got with the file testdata/NAME of the test's package, and fails
// the test with the first line that differs. go test -update writes the file.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(got), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: go test -update writes it", err)
	}
	if string(want) == got {
		return
	}
	is, was := strings.SplitAfter(got, "\n"), strings.SplitAfter(string(want), "\n")
	for i := range min(len(is), len(was)) { // within which they differ: only a last line has no newline
		if is[i] != was[i] {
			t.Errorf("%s:%d: it is %q, want %q; go test -update writes what is", file, i+1, is[i], was[i])
			return
		}
	}
}
