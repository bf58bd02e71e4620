//go:build soak

package main

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fork copies what git knows of this checkout, changes included, into a
// repository of its own.
func fork(t *testing.T) *repository {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &repository{t: t, dir: filepath.Join(t.TempDir(), "shop")}
	known, err := git(t.Context(), root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(known, "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed
		}
		if err == nil {
			write(t, filepath.Join(r.dir, name), read(t, root, name))
			err = os.Chmod(filepath.Join(r.dir, name), info.Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.run("git", "init", "-q", "-b", "main")
	r.run("git", "config", "user.name", "Ada")
	r.run("git", "config", "user.email", "ada@example.com")
	r.commit("the template")
	return r
}

// repository is a checkout in which commands are run.
type repository struct {
	t      *testing.T
	dir    string
	served map[string]string // the addresses of the pages, and where it serves instead
}

// run runs a command, which must succeed, and returns what it wrote.
func (r *repository) run(name string, args ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.dir
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	if took := time.Since(began); took > time.Second {
		r.t.Logf("%s %s: %v", name, strings.Join(args, " "), took.Round(time.Second))
	}
	return string(out)
}

func (r *repository) commit(message string) {
	r.t.Helper()
	r.run("git", "add", "-A")
	r.run("git", "commit", "-qm", message)
}

// drop takes the example out, as the guide says: its folder, its line, its import.
func (r *repository) drop(example string) {
	r.t.Helper()
	for _, dir := range []string{"modules", "bench"} {
		if err := os.RemoveAll(filepath.Join(r.dir, dir, example)); err != nil {
			r.t.Fatal(err)
		}
	}
	list := filepath.Join(r.dir, "modules", "modules.go")
	var kept strings.Builder
	for line := range strings.Lines(read(r.t, list)) {
		if !strings.Contains(line, example+".Module") && !strings.Contains(line, "/modules/"+example+`"`) {
			kept.WriteString(line)
		}
	}
	write(r.t, list, kept.String())
}

// A fork is renamed, loses the example, gains a module, and is green without an
// edit by hand, in five minutes.
func TestAForkIsGreenInMinutes(t *testing.T) {
	began := time.Now()
	r := fork(t)
	r.run("go", "run", "./cmd/dev", "rename", "company.com/shop")
	if changed := r.run("git", "diff", "--stat", "--summary"); strings.Contains(changed, "mode change") {
		t.Errorf("the rename changed modes:\n%s", changed)
	}
	var left []string
	err := filepath.WalkDir(r.dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == ".git" {
			return fs.SkipDir
		}
		if err == nil && !e.IsDir() && strings.Contains(read(t, name), "example.com"+"/ostov") {
			left = append(left, name)
		}
		return err
	})
	if err != nil || left != nil {
		t.Errorf("the old path is still in %v (%v)", left, err)
	}
	r.commit("our own path")
	r.drop("charfinder")
	r.run("go", "run", "./cmd/dev", "new", "module", "orders")
	r.run("go", "mod", "tidy")
	r.commit("orders in place of the example")

	r.run("go", "vet", "./...")
	r.run("go", "run", "./cmd/app", "check")
	if routes := r.run("go", "run", "./cmd/app", "routes"); !strings.Contains(routes, "/api/orders/:name") || strings.Contains(routes, "/api/chars") {
		t.Errorf("the routes are\n%s", routes)
	}
	r.run("go", "test", "-race", "./...")
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("it took %v; want under 5m", took.Round(time.Second))
	}
	r.run("git", "diff", "--exit-code") // the tests changed nothing

	// Each part of the new module can go: the file, its test and its line.
	for _, part := range []struct{ file, line string }{{"http", "httpserver."}, {"task", "dispatcher."}} {
		for _, name := range []string{part.file + ".go", part.file + "_test.go"} {
			if err := os.Remove(filepath.Join(r.dir, "modules", "orders", name)); err != nil {
				t.Fatal(err)
			}
		}
		module := filepath.Join(r.dir, "modules", "orders", "module.go")
		var kept strings.Builder
		for line := range strings.Lines(read(t, module)) {
			if !strings.Contains(line, part.line) && !strings.Contains(line, "/modules/"+part.file) && !strings.Contains(line, "/modules/"+strings.TrimSuffix(part.line, ".")+`"`) {
				kept.WriteString(line)
			}
		}
		write(t, module, kept.String())
		r.run("go", "vet", "./modules/orders")
	}
}
