package ostov_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page tells of no test that is not there, and no engine test keeps a
// promise that the page does not tell.
func TestTheContractsPageAndItsTestsAreInStep(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	promised := make(map[string]bool)
	rows := regexp.MustCompile("(?m)^\\| (B\\d+) \\| .+ \\| `(Test\\w+)` \\|$").FindAllStringSubmatch(string(page), -1)
	if n := len(rows); n < 50 {
		t.Errorf("the page has %d promises; want 50 and more", n)
	}
	numbers := contractTests(t)
	for _, row := range rows {
		number, test := row[1], row[2]
		promised[number] = true
		if of, ok := numbers[test]; !ok {
			t.Errorf("%s: there is no test %s with a contract number", number, test)
		} else if !strings.Contains(of, number+".") && !strings.Contains(of, number+",") && !strings.Contains(of, number+":") {
			t.Errorf("%s: %s is marked %q; want that number", number, test, of)
		}
	}
	for test, of := range numbers {
		for _, number := range regexp.MustCompile(`B\d+`).FindAllString(of, -1) {
			if len(number) < 3 || number < "B47" && len(number) == 3 {
				if !promised[number] && !kept[number] {
					t.Errorf("%s keeps %s, which docs/contract.md does not tell", test, number)
				}
			}
		}
	}
}

// kept are numbers that are part of another promise on the page.
var kept = map[string]bool{"B26": true, "B25": true, "B35": true, "B41": true, "B2": true, "B11": true, "B89": true, "B90": true}

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
