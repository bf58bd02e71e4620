package ostov_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The picture in ARCHITECTURE.md is made of the imports of the product files, by
// go test . -run Picture -update.
func TestThePictureShowsTheImportsOfTheRooms(t *testing.T) {
	t.Parallel()

	page := file(t, "ARCHITECTURE.md")
	block := regexp.MustCompile("(?s)```mermaid\n.*?```\n")
	want := block.ReplaceAllLiteralString(page, "```mermaid\n"+drawRooms(roomImports(t))+"```\n")
	switch {
	case !block.MatchString(page):
		t.Error("ARCHITECTURE.md has no mermaid block")
	case flag.Lookup("update").Value.String() == "true": // of apptest
		if err := os.WriteFile("ARCHITECTURE.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != page:
		t.Errorf("the picture is out of step: go test . -run Picture -update; it would be\n%s", block.FindString(want))
	}
}

// roomImports returns which rooms each room imports, tests and templates apart.
func roomImports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	imports := make(map[string]map[string]bool)
	_, err := eachImport(os.DirFS("."), func(file, imported string) {
		room := path.Dir(file)
		other, ours := strings.CutPrefix(imported, "example.com/ostov/")
		if !ours || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/template/") || room == "." || other == room || isFeature(room) || isFeature(other) {
			return
		}
		if imports[room] == nil {
			imports[room] = make(map[string]bool)
		}
		imports[room][other] = true
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
func drawRooms(imports map[string]map[string]bool) string {
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
