package ostov_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The page tells of no test that is not there, and no engine test keeps a
// promise that the page does not tell.
func TestTheContractsPageAndItsTestsAreInStep(t *testing.T) {
	t.Parallel()

	page := file(t, "docs/contract.md")
	number := regexp.MustCompile(`B\d+`)
	promised := make(map[string]bool)
	rows := regexp.MustCompile("(?m)^\\| (B\\d+(?:, B\\d+)*) \\| .+ \\| `(Test\\w+)` \\|$").FindAllStringSubmatch(page, -1)
	if n := len(rows); n < 50 {
		t.Errorf("the page has %d promises; want 50 and more", n)
	}
	tests := contractTests(t)
	for _, row := range rows {
		test := row[2]
		marked := number.FindAllString(tests[test], -1)
		for _, n := range number.FindAllString(row[1], -1) {
			promised[n] = true
			if !slices.Contains(marked, n) {
				t.Errorf("%s: %s is marked %q; want a test with that number", n, test, tests[test])
			}
		}
	}
	for test, of := range tests {
		for _, n := range number.FindAllString(of, -1) {
			if engine, _ := strconv.Atoi(n[1:]); engine <= lastOfTheEngine && !promised[n] {
				t.Errorf("%s keeps %s, which docs/contract.md does not tell", test, n)
			}
		}
	}
}

// lastOfTheEngine is the last number of what the engine and Run promise.
const lastOfTheEngine = 46

// contractTests maps the tests of the tree to their contract numbers.
func contractTests(t *testing.T) map[string]string {
	t.Helper()
	marked := regexp.MustCompile(`(?m)^// Contract (.*)\n(?://.*\n)*func (Test\w+)\(`)
	tests := make(map[string]string)
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range marked.FindAllStringSubmatch(string(source), -1) {
			tests[m[2]] = m[1]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
