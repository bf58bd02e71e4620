//go:build soak

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages that build something are followed to the letter: files are written,
// commands run and what they print is held against what the page shows, where three
// dots stand for anything.
func TestAPageIsReplayed(t *testing.T) {
	for _, page := range []string{"docs/guide/tutorial.md", "docs/guide/fork.md", "README.md"} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			r := fork(t)
			commands := 0
			for _, b := range blocks(t) {
				if b.page == page && b.whole() {
					write(t, filepath.Join(r.dir, b.file), b.code)
				} else if b.page == page {
					commands += r.follow(b)
				}
			}
			if commands < 5 {
				t.Errorf("%s has %d commands; want more", page, commands)
			}
		})
	}
}

// follow runs the commands of a block and returns how many there are.
func (r *repository) follow(b block) (commands int) {
	r.t.Helper()
	if b.kind != "console" {
		return 0
	}
	for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(b.code, -1)[1:] {
		command, want, _ := strings.Cut(part, "\n")
		r.replay(b, command, want)
		commands++
	}
	return commands
}

// What the template has meanwhile changed arrives in a fork by a merge, under the
// path of the fork and without a conflict.
func TestAnUpgradeIsAMerge(t *testing.T) {
	t.Parallel()
	template := fork(t)
	shop := &repository{t: t, dir: filepath.Join(t.TempDir(), "shop")}
	template.run("git", "clone", "-q", template.dir, shop.dir)
	shop.run("git", "config", "user.name", "Ada")
	shop.run("git", "config", "user.email", "ada@example.com")
	shop.run("git", "remote", "rename", "origin", "template")
	shop.run("go", "run", "./cmd/dev", "rename", "company.com/shop")
	shop.commit("our own module path")
	shop.drop("charfinder")
	shop.run("go", "run", "./cmd/dev", "new", "module", "orders")
	shop.commit("orders in place of the example")

	const news = "\nvar _ = lifecycle.New // news of the template\n"
	changed := filepath.Join("modules", "tcp", "module.go")
	write(t, filepath.Join(template.dir, changed), read(t, template.dir, changed)+news)
	write(t, filepath.Join(template.dir, "modules", "tcp", "news.go"), "package tcp\n\nimport _ \"example.com/ostov/config\"\n")
	template.commit("news")

	steps := 0
	for _, b := range blocks(t) {
		if b.page == "docs/guide/upgrade.md" {
			steps += shop.follow(b)
		}
	}
	if steps < 12 {
		t.Errorf("the page has %d commands; want those of the first time and of each time", steps)
	}
	if got := read(t, shop.dir, changed); !strings.HasSuffix(got, news) || !strings.Contains(got, "company.com/shop/") {
		t.Errorf("%s is\n%s\nwant the news under our path", changed, got)
	}
	if got := read(t, shop.dir, "modules", "tcp", "news.go"); !strings.Contains(got, "company.com/shop/config") {
		t.Errorf("the new file is\n%s\nwant it under our path", got)
	}
	if _, err := os.Stat(filepath.Join(shop.dir, "modules", "charfinder")); err == nil {
		t.Error("the example is back")
	}
	if got := read(t, shop.dir, "modules", "modules.go"); !strings.Contains(got, "orders.Module") || strings.Contains(got, "charfinder") {
		t.Errorf("modules.go is\n%s\nwant ours", got)
	}
}

// replay runs a command of a page. One that serves goes on, on free ports, until
// the test ends.
func (r *repository) replay(b block, command, want string) {
	r.t.Helper()
	if strings.HasPrefix(command, "git clone ") || strings.HasPrefix(command, "cd ") || strings.HasPrefix(command, "git remote ") {
		return // that is where we are
	}
	if flags, ok := strings.CutPrefix(command, "go run ./cmd/app"); ok && (flags == "" || strings.HasPrefix(flags, " --")) {
		r.serve(strings.Fields(flags))
		return
	}
	for from, to := range r.served {
		command = strings.ReplaceAll(command, from, to)
	}
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", command)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if want == "" { // the page shows nothing of it: it works
		if err != nil {
			r.t.Fatalf("%v: %s: %v\n%s", b, command, err, out)
		}
		return
	}
	parts := strings.Split(strings.TrimSpace(want), "...")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(strings.TrimSpace(part))
	}
	if !regexp.MustCompile(`(?s)\A\s*` + strings.Join(parts, `.*`) + `\s*(exit status \d+\s*)?\z`).Match(out) {
		r.t.Errorf("%v: %s prints\n%s\nwant\n%s", b, command, out, want)
	}
}

// serve runs the application with its default addresses mapped to free ones.
func (r *repository) serve(flags []string) {
	r.t.Helper()
	binary := filepath.Join(r.t.TempDir(), "app")
	r.run("go", "build", "-o", binary, "./cmd/app")
	cmd := exec.CommandContext(r.t.Context(), binary, append(flags, "--set", "http.address=127.0.0.1:0", "--set", "tcp.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0")...)
	cmd.Dir = r.t.TempDir()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = cmd.Wait() }) // interrupted by the end of the test
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		r.t.Fatalf("the application says %q: %v", line, err)
	}
	addresses := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(line, -1)
	if len(addresses) != 3 {
		r.t.Fatalf("the application says %q; want three addresses", line)
	}
	r.served = map[string]string{"127.0.0.1:8080": addresses[0], "127.0.0.1:2323": addresses[1], "127.0.0.1:8081": addresses[2]}
}
