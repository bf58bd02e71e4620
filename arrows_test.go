package ostov_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	level1 = "lifecycle internal/drain internal/listen internal/notify internal/constructor internal/problem internal/typed health config"
	level2 = level1 + " modules/container"
	level3 = level2 + " modules/telemetry modules/http modules/tcp modules/dispatcher modules/database modules/jobs"
	any3rd = "*"
)

// arrows say what the files of a room, which is a folder with everything below
// it, may import beside the room itself and the standard library. Imports go
// down only. A room that is not here may not be: give it a row.
var arrows = []struct{ room, rooms, libraries string }{
	{"lifecycle", "", ""},
	{"internal/drain", "", ""},
	{"internal/listen", "", ""},
	{"internal/notify", "", ""},
	{"internal/constructor", "", ""},
	{"internal/problem", "", ""},
	{"internal/typed", "internal/problem", "github.com/danielgtaylor/huma/v2"},
	{"internal/load", "", ""},
	{"internal/testkit", "", "github.com/prometheus"},
	{"internal/openapi", "", "github.com/santhosh-tekuri/jsonschema/v6"},
	{"internal/browser", "", "github.com/chromedp"},
	{"health", "", "go.uber.org/fx"},
	{"config", "", "go.yaml.in/yaml/v3 github.com/go-playground/validator/v10"},

	{"modules/container", level1, "go.uber.org/fx go.uber.org/zap"},

	{"modules/telemetry", level2, any3rd},
	{"modules/http", level2 + " modules/telemetry", any3rd},
	{"modules/tcp", level2 + " modules/telemetry", any3rd},
	{"modules/dispatcher", level2 + " modules/telemetry", any3rd},
	{"modules/database", level2 + " modules/telemetry", any3rd},
	{"modules/jobs", level2 + " modules/telemetry modules/database", any3rd},

	{"modules/*", level3, any3rd}, // admin and each feature

	{"modules", level3 + " modules/*", "go.uber.org/fx"},
	{"internal/command", level3 + " modules", any3rd},
	{"cmd", level3 + " internal/command modules", any3rd},
	{"examples", level3 + " internal/command modules", any3rd},
	{"apptest", level3 + " modules internal/load internal/testkit", any3rd},
	{"internal/faults", level3 + " internal/command modules", any3rd}, // test files only
	{".", level3 + " modules", any3rd},                                // the documentation and the tests of the whole application
}

// forTests are rooms that product files may import only where an arrow says so.
var forTests = []string{"apptest", "internal/load", "internal/testkit", "internal/openapi", "internal/browser"}

// confined says which product files alone may import something.
var confined = []struct {
	what, where string
	mayImport   func(room, file string) bool
}{
	{
		"go.uber.org/fx", "module.go of a module",
		func(room, file string) bool {
			return !strings.HasPrefix(room, "modules/") || room == "modules/container" || file == "module.go"
		},
	},
	{
		"github.com/labstack/echo", "modules/http and http.go of a feature",
		func(room, file string) bool { return room == "modules/http" || file == "http.go" },
	},
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()

	wrong, files, err := wrongImports(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("looked at %d files; want the whole tree", files)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// What is allowed is what the tree has.
func TestAnImportThatGoesUpIsSeen(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, file, imports string
		want                string // what the complaint says; none: allowed
	}{
		{name: "library in the engine", file: "lifecycle/a.go", imports: "go.uber.org/zap", want: "lifecycle may not import go.uber.org/zap"},
		{name: "level 1 sideways", file: "health/a.go", imports: "example.com/ostov/lifecycle", want: "health may not import"},
		{name: "Fx in config", file: "config/a.go", imports: "go.uber.org/fx", want: "config may not import go.uber.org/fx"},
		{name: "container up", file: "modules/container/a.go", imports: "example.com/ostov/modules/telemetry", want: "modules/container may not"},
		{name: "server to server", file: "modules/http/a.go", imports: "example.com/ostov/modules/tcp", want: "modules/http may not"},
		{name: "server to server in a test", file: "modules/http/a_test.go", imports: "example.com/ostov/modules/tcp", want: "modules/http may not"},
		{name: "jobs to dispatcher", file: "modules/jobs/a.go", imports: "example.com/ostov/modules/dispatcher", want: "modules/jobs may not"},
		{name: "feature to its own folder", file: "modules/greeter/a.go", imports: "example.com/ostov/modules/greeter/words"},
		{name: "feature to feature", file: "modules/greeter/a.go", imports: "example.com/ostov/modules/charfinder", want: "modules/greeter may not"},
		{name: "feature to admin", file: "modules/greeter/a.go", imports: "example.com/ostov/modules/admin", want: "modules/greeter may not"},
		{name: "feature to the list", file: "modules/greeter/a.go", imports: "example.com/ostov/modules", want: "modules/greeter may not"},
		{name: "command line to feature", file: "internal/command/a.go", imports: "example.com/ostov/modules/charfinder", want: "internal/command may not"},
		{name: "server to the command line", file: "modules/http/a.go", imports: "example.com/ostov/internal/command", want: "modules/http may not"},
		{name: "main to feature", file: "cmd/app/a.go", imports: "example.com/ostov/modules/charfinder", want: "cmd may not"},
		{name: "test kit in a product file", file: "cmd/app/a.go", imports: "example.com/ostov/apptest", want: "test files"},
		{name: "load client in a product file", file: "modules/http/a.go", imports: "example.com/ostov/internal/load", want: "test files"},
		{name: "Fx outside module.go", file: "modules/greeter/task.go", imports: "go.uber.org/fx/fxevent", want: "module.go"},
		{name: "Echo in a domain file", file: "modules/greeter/greeter.go", imports: "github.com/labstack/echo/v4", want: "http.go"},
		{name: "room without a row", file: "internal/misc/a.go", imports: "fmt", want: "internal/misc has no row"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			source := fmt.Sprintf("package p\n\nimport _ %q\n", tt.imports)
			wrong, _, err := wrongImports(fstest.MapFS{tt.file: {Data: []byte(source)}})
			if err != nil {
				t.Fatal(err)
			}
			switch got := strings.Join(wrong, "; "); {
			case tt.want == "" && got != "":
				t.Errorf("%s imports %s: complaint %q; want none", tt.file, tt.imports, got)
			case !strings.Contains(got, tt.want):
				t.Errorf("%s imports %s: complaint %q; want one with %q", tt.file, tt.imports, got, tt.want)
			}
		})
	}
}

func TestNothingForTestsIsInTheBinary(t *testing.T) {
	t.Parallel()

	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/app")
	list.Stderr = t.Output()
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list -deps ./cmd/app: %v", err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, "go.uber.org/fx") {
		t.Errorf("go list -deps ./cmd/app = %d packages without go.uber.org/fx; want all that is linked", len(linked))
	}
	for _, p := range []string{"github.com/riverqueue/river", "modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"} {
		if slices.Contains(linked, p) {
			t.Errorf("%s is linked into the application, which has no database; go list -deps says through which package", p)
		}
	}
	unwanted := []string{"testing", "net/http/httptest", "go.uber.org/fx/fxtest", "go.uber.org/goleak", "example.com/ostov/cmd/dev/template/greeter"}
	for _, room := range forTests {
		unwanted = append(unwanted, "example.com/ostov/"+room)
	}
	for _, p := range unwanted {
		if slices.Contains(linked, p) {
			t.Errorf("%s is linked into a binary; go list -deps says through which package", p)
		}
	}
}

// wrongImports returns a line for each import below tree that no arrow allows,
// and how many files it read.
func wrongImports(tree fs.FS) (wrong []string, files int, err error) {
	files, err = eachImport(tree, func(file, imported string) {
		if why := refuse(file, imported); why != "" {
			wrong = append(wrong, file+": "+why)
		}
	})
	return wrong, files, err
}

// eachImport calls f for each import of each file below tree, and returns how many
// files it read. Folders with a go.mod of their own are left out.
func eachImport(tree fs.FS, f func(file, imported string)) (files int, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name == "." {
				return nil
			}
			_, err := fs.Stat(tree, path.Join(name, "go.mod"))
			if err == nil || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		files++
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f(name, imported)
		}
		return nil
	})
	return files, err
}

// refuse says why the file may not import a package, or nothing where it may.
func refuse(name, imported string) string {
	room, row := roomOf(path.Dir(name))
	if row < 0 {
		return room + " has no row in arrows"
	}
	arrow, test := arrows[row], strings.HasSuffix(name, "_test.go")

	for _, c := range confined {
		if !test && within(imported, c.what) && !c.mayImport(room, path.Base(name)) {
			return fmt.Sprintf("%s is for %s", c.what, c.where)
		}
	}

	folder, ours := strings.CutPrefix(imported+"/", "example.com/ostov/")
	allowed := true
	switch first, _, _ := strings.Cut(imported, "/"); {
	case ours:
		other, otherRow := roomOf(path.Clean(folder))
		allowed = other == room || otherRow >= 0 && slices.Contains(strings.Fields(arrow.rooms), arrows[otherRow].room) ||
			test && slices.Contains(forTests, other)
		if !allowed && slices.Contains(forTests, other) {
			return imported + " is for test files"
		}
	case strings.Contains(first, "."): // a library, not the standard one
		allowed = test || arrow.libraries == any3rd ||
			slices.ContainsFunc(strings.Fields(arrow.libraries), func(l string) bool { return within(imported, l) })
	}
	if !allowed {
		return room + " may not import " + imported
	}
	return ""
}

// roomOf returns the room that a folder is in and its row in arrows, or -1.
func roomOf(folder string) (room string, row int) {
	for room = folder; room != "." || folder == "."; room = path.Dir(room) {
		for row, a := range arrows {
			if ok, _ := path.Match(a.room, room); ok {
				return room, row
			}
		}
	}
	return folder, -1
}

// within reports whether a slash-separated path is base or below it.
func within(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }
