package ostov_test

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The picture in ARCHITECTURE.md is made of the imports of the product files, by
// go test . -run Picture -update.
func TestThePictureShowsTheImportsOfTheRooms(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```mermaid\n.*?```\n")
	want := block.ReplaceAllLiteral(page, []byte("```mermaid\n"+drawRooms(t, roomImports(t))+"```\n"))
	switch {
	case !block.Match(page):
		t.Error("ARCHITECTURE.md has no mermaid block")
	case flag.Lookup("update").Value.String() == "true": // of apptest
		if err := os.WriteFile("ARCHITECTURE.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	case string(want) != string(page):
		t.Errorf("the picture is out of step: go test . -run Picture -update; it would be\n%s", block.Find(want))
	}
}

// roomImports returns which rooms each room imports, tests apart.
func roomImports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	imports := make(map[string]map[string]bool)
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		name = filepath.ToSlash(name)
		if e.IsDir() {
			_, mod := os.Stat(path.Join(name, "go.mod"))
			if name != "." && (mod == nil || e.Name() == "testdata" || e.Name() == "template" || strings.HasPrefix(e.Name(), ".")) {
				return fs.SkipDir
			}
			return err
		}
		room := path.Dir(name)
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || room == "." || isFeature(room) {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		if imports[room] == nil {
			imports[room] = make(map[string]bool)
		}
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if other, ours := strings.CutPrefix(imported, "example.com/ostov/"); ours && other != room && !isFeature(other) {
				imports[room][other] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	imports["modules"][feature] = true
	imports[feature] = map[string]bool{"modules/http": true, "modules/tcp": true, "modules/dispatcher": true}
	return imports
}

// feature stands for all features, which a fork has its own of.
const feature = "modules/<feature>"

func isFeature(folder string) bool {
	_, row := roomOf(folder)
	return row >= 0 && arrows[row].room == "modules/*" && folder != "modules/admin"
}

// drawRooms draws an arrow for each import that does not follow from others.
func drawRooms(t *testing.T, imports map[string]map[string]bool) string {
	t.Helper()
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		if from == to {
			return true
		}
		for next := range imports[from] {
			if reaches(next, to) {
				return true
			}
		}
		return false
	}
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	node := func(room string) string {
		return strings.NewReplacer("/", "_", "<", "", ">", "").Replace(room) + `["` + strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(room) + `"]`
	}
	for _, room := range slices.Sorted(maps.Keys(imports)) {
		for _, other := range slices.Sorted(maps.Keys(imports[room])) {
			followed := false
			for next := range imports[room] {
				followed = followed || next != other && reaches(next, other)
			}
			if !followed {
				fmt.Fprintf(&b, "\t%s --> %s\n", node(room), node(other))
			}
		}
	}
	return b.String()
}
