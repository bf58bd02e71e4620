package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// block is a piece of code in a page.
type block struct {
	page string
	line int
	kind string // go, console
	file string // named last before a block that is a whole file
	code string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// whole reports whether the block is a file.
func (b block) whole() bool {
	return b.kind == "go" && regexp.MustCompile(`(?m)\A(//.*\n)*\n?package `).MatchString(b.code)
}

var fileName = regexp.MustCompile("`([a-z][\\w/]*\\.go)`")

// blocks returns the fenced blocks of all pages for people.
func blocks(t *testing.T) (all []block) {
	t.Helper()
	pages := []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(name string, e fs.DirEntry, err error) error {
		if path.Ext(name) == ".md" {
			pages = append(pages, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		b, file, inside := block{}, "", false
		n := 0
		for line := range strings.Lines(read(t, root, page)) {
			n++
			kind, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
			switch {
			case fence && inside:
				all, inside = append(all, b), false
			case fence:
				b, inside = block{page: page, line: n, kind: kind, file: file}, true
			case inside:
				b.code += line
			default:
				if m := fileName.FindAllStringSubmatch(line, -1); m != nil {
					file = m[len(m)-1][1]
				}
			}
		}
	}
	return all
}

// A block that is a whole file is compiled in its place in the tree, with those of
// the other pages, and its tests are run. Any other one stands in a file that is
// compiled.
func TestEveryGoBlockOfTheDocsIsRealCode(t *testing.T) {
	t.Parallel()

	if mod, err := os.ReadFile("../../go.mod"); err != nil || !strings.HasPrefix(string(mod), "module example.com/"+"ostov\n") {
		t.Skipf("the pages are about the template, and this is a fork (%v)", err)
	}
	tree := sources(t)
	written := make(map[string]block)   // by file
	packages := make(map[string]string) // and whether to build or to test it
	var fragments []block
	for _, b := range blocks(t) {
		switch {
		case b.kind != "go":
		case !b.whole():
			fragments = append(fragments, b)
		case b.file == "" || written[b.file].code != "":
			t.Errorf("%v: a whole file wants a path in backticks before it that no other block has; it has %q", b, b.file)
		default:
			written[b.file] = b
			if dir := "./" + path.Dir(b.file); strings.HasSuffix(b.file, "_test.go") {
				packages[dir] = "test"
			} else if packages[dir] == "" {
				packages[dir] = "build"
			}
			tree += "\n" + b.code
		}
	}
	if len(written) < 5 || len(fragments) < 5 {
		t.Errorf("the pages have %d files and %d pieces of code; want more of each", len(written), len(fragments))
	}
	for _, b := range fragments {
		if !strings.Contains(tree, "\n"+b.code) {
			t.Errorf("%v: this code is in no file that is compiled:\n%s", b, b.code)
		}
	}

	overlay := make(map[string]string)
	dir := t.TempDir()
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range written {
		text := strings.ReplaceAll(file, "/", "_")
		write(t, filepath.Join(dir, text), b.code)
		overlay[filepath.Join(absolute, file)] = filepath.Join(dir, text)
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), string(list))
	flags := []string{"-overlay", filepath.Join(dir, "overlay.json")}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		flags = append(flags, "-race") // what is built already
	}
	binaries := filepath.Join(dir, "tests") + string(filepath.Separator)
	for _, command := range [][]string{{"build"}, {"test", "-vet=off", "-ldflags=-s -w", "-c", "-o", binaries}} { // the folders are not there to be in
		var of []string
		for dir, by := range packages {
			if by == command[0] {
				of = append(of, dir)
			}
		}
		cmd := exec.CommandContext(t.Context(), "go", slices.Concat(command, flags, of)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s of the files in the pages: %v\n%s", command[0], err, out)
		}
	}
	tests, err := filepath.Glob(binaries + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		cmd := exec.CommandContext(t.Context(), test)
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("the tests in the pages, %s: %v\n%s", filepath.Base(test), err, out)
		}
	}
}

// sources returns all Go code of the tree.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case path.Ext(name) == ".go":
			all.WriteString("\n" + read(t, root, name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// The index of the guide names every page, and no page names a file that is not
// there.
func TestEveryPageIsInTheIndexAndEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()

	index := read(t, root, "docs/guide/README.md")
	pages, err := filepath.Glob(filepath.Join(root, "docs/guide/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/guide/README.md does not name %s", name)
		}
	}
	more, err := filepath.Glob(filepath.Join(root, "docs/*/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(more, filepath.Join(root, "README.md"), filepath.Join(root, "ARCHITECTURE.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		text := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`").ReplaceAllString(read(t, page), "")
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s has a link to %s, which is not there", page, link[1])
			}
		}
	}
}

// A feature by hand costs little: endpoint, task, setting and test.
func TestTheFeatureOfTheGuideHasSixtyLinesAtMost(t *testing.T) {
	t.Parallel()

	lines := 0
	for _, b := range blocks(t) {
		if b.page != "docs/guide/feature.md" || !b.whole() {
			continue
		}
		for line := range strings.Lines(b.code) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
	}
	if told := fmt.Sprintf("in %d lines", lines); lines > 60 || !strings.Contains(read(t, root, "docs/guide/feature.md"), told) {
		t.Errorf("the feature has %d lines that are not empty; want 60 at most, and the page to say how many", lines)
	}
}

func TestEachKindOfBackgroundWorkIsShownInUnder15Lines(t *testing.T) {
	t.Parallel()

	shown := 0
	for _, b := range blocks(t) {
		if b.page != "docs/guide/background-work.md" || b.kind != "go" {
			continue
		}
		if shown++; strings.Count(b.code, "\n") >= 15 {
			t.Errorf("%v has 15 lines or more:\n%s", b, b.code)
		}
	}
	if shown < 6 {
		t.Errorf("the page has %d pieces of code; want one for each kind of work", shown)
	}
}
