package container_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/modules/container"
)

var update = flag.Bool("update", false, "write what the tests see into docs/guide/troubleshooting.md")

// Contract B88.
func TestTheTroubleshootingPageShowsTheRealMessages(t *testing.T) {
	t.Parallel()

	const page = "../../docs/guide/troubleshooting.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	faults := []struct {
		heading string
		option  fx.Option
		set     []string
	}{
		{"A provider is missing", fx.Options(fx.Provide(newOrders), fx.Invoke(useOrders)), nil},
		{"A type is provided twice", fx.Options(fx.Provide(newDB, newDBOf)), nil},
		{"Constructors need each other", fx.Options(fx.Provide(newOrders, newDBOf, newDSN), fx.Invoke(useOrders)), nil},
		{"A key is misspelled", nil, []string{"app.stop_timout=30s"}},
	}
	place := regexp.MustCompile(`\([^()]*_test\.go:\d+\)`)
	want := string(text)
	for _, f := range faults {
		p, _, stderr := quiet()
		p.Sources.Set = f.set
		option := f.option
		if option == nil {
			option = fx.Options()
		}
		if code := container.Run(t.Context(), p, container.Module, option); code == 0 {
			t.Errorf("%s: exit code 0", f.heading)
		}
		message := place.ReplaceAllString(strings.ReplaceAll(stderr.String(), "container_test.", "shop."), "(shop.go:12)")
		message = "    " + strings.ReplaceAll(strings.TrimSuffix(message, "\n"), "\n", "\n    ") + "\n"
		block := regexp.MustCompile(`(?s)(## ` + f.heading + `\n\n)(?:    [^\n]*\n)*`)
		if !block.MatchString(want) {
			t.Fatalf("the page has no heading %q", f.heading)
		}
		want = block.ReplaceAllString(want, "${1}"+strings.ReplaceAll(message, "$", "$$"))
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("the page is out of step, run go test ./modules/container -run Troubleshooting -update; it would be\n%s", want)
	}
}
