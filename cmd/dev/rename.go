package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// pathForm is what the path of a service may look like. The linter and
// arrows_test.go tell it from the standard library by the dot.
var pathForm = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

// rename writes path in place of the module's own in every file that git knows,
// the modules below the root included. It changes nothing else.
func rename(ctx context.Context, dir, path string) (string, error) {
	if !pathForm.MatchString(path) {
		return "", fmt.Errorf("%q is no module path: write a host and perhaps folders, such as company.com/shop", path)
	}
	old, err := modulePath(dir)
	if err != nil {
		return "", err
	}
	if old == path {
		return "The module is " + path + " already.\n", nil
	}
	dirty, err := git(ctx, dir, "status", "--porcelain")
	if err != nil {
		return "", fmt.Errorf("%w: a rename wants a git checkout, so that it can be looked at and undone", err)
	}
	if dirty != "" {
		return "", errors.New("the tree is dirty: commit or stash first, so that the rename can be looked at and undone")
	}
	known, err := git(ctx, dir, "ls-files", "-z")
	if err != nil {
		return "", err
	}
	changed := 0
	for file := range strings.SplitSeq(strings.TrimSuffix(known, "\x00"), "\x00") {
		did, err := rewrite(filepath.Join(dir, file), old, path)
		if err != nil {
			return "", err
		}
		if did {
			changed++
		}
	}
	return fmt.Sprintf("%s is %s now, in %d files. Look at it by git diff, then commit it.\n", old, path, changed), nil
}

// rewrite replaces the path old in a file, where it stands for itself or begins
// the path of a package.
func rewrite(file, old, path string) (bool, error) {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	text, err := os.ReadFile(file)
	if err != nil || bytes.IndexByte(text, 0) >= 0 { // not a text
		return false, err
	}
	next := replacePath(text, old, path)
	if bytes.Equal(next, text) {
		return false, nil
	}
	if filepath.Ext(file) == ".go" {
		if next, err = format.Source(next); err != nil { // imports have another order
			return false, fmt.Errorf("%s: %w", file, err)
		}
	}
	return true, os.WriteFile(file, next, info.Mode())
}

func replacePath(text []byte, old, path string) []byte {
	whole := regexp.MustCompile(`(^|[^\w./-])` + regexp.QuoteMeta(old) + `(/|[^\w./-]|\.?(?:\s|$))`)
	replaced := whole.ReplaceAll(text, []byte("${1}"+path+"${2}"))
	for !bytes.Equal(replaced, text) { // two that share the character between them
		text = replaced
		replaced = whole.ReplaceAll(text, []byte("${1}"+path+"${2}"))
	}
	return replaced
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
