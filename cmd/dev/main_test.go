package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkout makes a small service in a git repository and returns its folder.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module old.example/house\n\ngo 1.26.0\n",
		"bench/go.mod":       "module old.example/house/bench\n\nreplace old.example/house => ../\n\nrequire old.example/house v0.0.0\n",
		"docs/a.md":          "Import `old.example/house/config`, of old.example/house.\nNot old.example/houses, my.old.example/house, old.example/house-x nor app.example.com.\n",
		".golangci.yml":      "deny:\n  - {pkg: old.example/house, desc: no}\nmodule-path: old.example/house\n",
		"a.go":               "package a\n\nimport (\n\t_ \"nz.org/x\"\n\t_ \"old.example/house/b\"\n)\n",
		"b/b.go":             "package b\n\nconst both = \"old.example/house old.example/house\"\n",
		"logo.png":           "\x89PNG\x00old.example/house",
		"modules/modules.go": list,
	} {
		write(t, filepath.Join(dir, name), text)
	}
	if err := os.Symlink("ignored", filepath.Join(dir, "link")); err != nil { // which is no text of this checkout
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "all"}} {
		if _, err := git(t.Context(), dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, ".git", "info", "exclude"), "ignored\n")
	write(t, filepath.Join(dir, "ignored"), "old.example/house")
	return dir
}

const list = `// Package modules is the table of contents: every module of the application.
package modules

import (
	"go.uber.org/fx"

	"old.example/house/modules/charfinder"
	httpserver "old.example/house/modules/http"
)

// All returns the modules of the application. A new one is one more line.
func All() fx.Option {
	return fx.Options(
		httpserver.Module, // gives *echo.Echo
		charfinder.Module, // the example: delete this line and its folder
	)
}
`

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dev runs the program and returns what it wrote, to both.
func dev(t *testing.T, dir string, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = run(t.Context(), dir, args, &b, &b)
	return code, b.String()
}

func TestRenameChangesThePathEverywhereAndNothingElse(t *testing.T) {
	t.Parallel()

	dir := checkout(t)
	if code, out := dev(t, dir, "rename", "new.example/shop"); code != 0 || !strings.Contains(out, "in 7 files") {
		t.Fatalf("rename = %d, %s", code, out)
	}
	for name, want := range map[string]string{
		"go.mod":        "module new.example/shop\n\ngo 1.26.0\n",
		"bench/go.mod":  "module new.example/shop/bench\n\nreplace new.example/shop => ../\n\nrequire new.example/shop v0.0.0\n",
		"docs/a.md":     "Import `new.example/shop/config`, of new.example/shop.\nNot old.example/houses, my.old.example/house, old.example/house-x nor app.example.com.\n",
		".golangci.yml": "deny:\n  - {pkg: new.example/shop, desc: no}\nmodule-path: new.example/shop\n",
		"a.go":          "package a\n\nimport (\n\t_ \"new.example/shop/b\"\n\t_ \"nz.org/x\"\n)\n",
		"b/b.go":        "package b\n\nconst both = \"new.example/shop new.example/shop\"\n",
		"logo.png":      "\x89PNG\x00old.example/house",
		"ignored":       "old.example/house",
	} {
		if got := read(t, dir, name); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
	if code, out := dev(t, dir, "rename", "new.example/shop"); code != 0 || !strings.Contains(out, "already") {
		t.Errorf("the same rename again = %d, %s; want 0 and that it is so", code, out)
	}
	before := read(t, dir, "a.go")
	if code, out := dev(t, dir, "rename", "new.example/store"); code != 1 || !strings.Contains(out, "commit or stash first") || read(t, dir, "a.go") != before {
		t.Errorf("rename of a dirty tree = %d, %s; want 1, what to do, and no change", code, out)
	}
}

func TestRenameRefusesWhatCannotBeAPath(t *testing.T) {
	t.Parallel()

	dir := checkout(t)
	for _, path := range []string{"", "shop", "New.example/shop", "new.example/", "new.example//shop", "https://new.example/shop", "new.example/my shop", "../shop", "new.example/.."} {
		if code, out := dev(t, dir, "rename", path); code != 1 || !strings.Contains(out, "such as company.com") {
			t.Errorf("rename %q = %d, %s; want 1 and what is right", path, code, out)
		}
	}
	if code, out := dev(t, t.TempDir(), "rename", "new.example/shop"); code != 1 || !strings.Contains(out, "in the root") {
		t.Errorf("rename elsewhere = %d, %s; want 1 and where to run it", code, out)
	}
	bare := t.TempDir()
	write(t, filepath.Join(bare, "go.mod"), "module old.example/house\n")
	if code, out := dev(t, bare, "rename", "new.example/shop"); code != 1 || !strings.Contains(out, "git") {
		t.Errorf("rename without git = %d, %s; want 1 and that it wants git", code, out)
	}
}

func TestNewModuleAddsAFolderAndALine(t *testing.T) {
	t.Parallel()

	dir := checkout(t)
	if code, out := dev(t, dir, "new", "module", "shop"); code != 0 || !strings.Contains(out, "curl http://127.0.0.1:8080/api/shop/Ada") {
		t.Fatalf("new module shop = %d, %s", code, out)
	}
	want := strings.NewReplacer(
		"\thttpserver \"old.example/house/modules/http\"\n", "\thttpserver \"old.example/house/modules/http\"\n\t\"old.example/house/modules/shop\"\n",
		"and its folder\n", "and its folder\n\t\tshop.Module,\n",
	).Replace(list)
	if got := read(t, dir, "modules", "modules.go"); got != want {
		t.Errorf("modules.go is\n%s\nwant\n%s", got, want)
	}
	files, err := filepath.Glob(filepath.Join(dir, "modules", "shop", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
		text := read(t, file)
		if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); err != nil {
			t.Error(err)
		}
		if strings.Contains(strings.ToLower(text), "greeter") || strings.Contains(text, "cmd/dev") {
			t.Errorf("%s still speaks of the template:\n%s", file, text)
		}
	}
	if want := []string{"conform_test.go", "http.go", "http_test.go", "module.go", "shop.go", "shop_test.go", "task.go", "task_test.go"}; !slices.Equal(names, want) {
		t.Errorf("the files are %v; want %v", names, want)
	}
}

func TestNewModuleOverwritesNothing(t *testing.T) {
	t.Parallel()

	dir := checkout(t)
	write(t, filepath.Join(dir, "modules", "shop", "mine.go"), "package shop\n")
	before := tree(t, dir)
	for name, want := range map[string]string{
		"shop":       "there already",
		"charfinder": "imported there already",
		"httpserver": "imported there already",
		"":           "cannot name a package",
		"Shop":       "cannot name a package",
		"my-shop":    "cannot name a package",
		"../shop":    "cannot name a package",
		"9shop":      "cannot name a package",
		"func":       "cannot name a package",
		"error":      "cannot name a package",
		"log":        "something else",
		"internal":   "something else",
		"err":        "something else",
		"count":      "something else",
		"zap":        "something else",
		"module":     "something else",
	} {
		if code, out := dev(t, dir, "new", "module", name); code != 1 || !strings.Contains(out, want) {
			t.Errorf("new module %q = %d, %s; want 1 and %q", name, code, out, want)
		}
	}
	if after := tree(t, dir); !maps.Equal(before, after) {
		t.Error("a module that was refused has changed files")
	}
	write(t, filepath.Join(dir, "modules", "modules.go"), "package modules\n")
	if code, out := dev(t, dir, "new", "module", "store"); code != 1 || !strings.Contains(out, "add the line by hand") {
		t.Errorf("new module where there is no list = %d, %s; want 1 and what to do", code, out)
	}
}

func TestWrongUsageShowsWhatIsRight(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{nil, {"rename"}, {"rename", "a", "b"}, {"new"}, {"new", "module"}, {"new", "house", "shop"}, {"help"}} {
		if code, out := dev(t, t.TempDir(), args...); code != 2 || out != usage {
			t.Errorf("dev %v = %d, %s; want 2 and the usage", args, code, out)
		}
	}
}

// tree returns the files below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, pattern := range []string{"*", "*/*", "*/*/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err != nil || !info.IsDir() {
				files[name] = read(t, name)
			}
		}
	}
	return files
}
