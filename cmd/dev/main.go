// Command dev helps authors of a service: it gives a fork its own module path
// and adds modules. It is run from the root of the checkout and never shipped.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const usage = `usage:
	go run ./cmd/dev new module NAME    add modules/NAME: settings, an endpoint, a task, tests
	go run ./cmd/dev rename PATH        give the service its own module path, such as company.com/shop
`

func main() { os.Exit(run(context.Background(), ".", os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program, in the checkout dir. It returns the exit code.
func run(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) int {
	var text string
	var err error
	switch {
	case len(args) == 2 && args[0] == "rename":
		text, err = rename(ctx, dir, args[1])
	case len(args) == 3 && args[0] == "new" && args[1] == "module":
		text, err = newModule(dir, args[2])
	default:
		fmt.Fprint(stderr, usage)
		return 2
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", strings.Join(args[:len(args)-1], " "), err)
		return 1
	}
	fmt.Fprint(stdout, text)
	return 0
}

// modulePath returns the path in go.mod of the checkout dir.
func modulePath(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("%w: run it in the root of the service", err)
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", errors.New("go.mod names no module")
}
