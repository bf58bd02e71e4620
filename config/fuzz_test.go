package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/ostov/config"
)

// check fails where an error is not one that a user can act on, or a loaded
// configuration breaks its own rules.
func check(t *testing.T, c *config.Config, err error) {
	t.Helper()
	if err != nil {
		e, ok := errors.AsType[*config.Error](err)
		if !ok || errors.Is(err, config.ErrSections) || len(e.Faults) == 0 {
			t.Fatalf("error is %#v; want faults of the user", err)
		}
		if got := strings.Count(e.Error(), "\n"); got != len(e.Faults) {
			t.Fatalf("%d faults in %d lines: %q", len(e.Faults), got, e.Error())
		}
		for _, f := range e.Faults {
			if f.Problem == "" || f.Key == "" && f.Source == "" {
				t.Fatalf("fault %+v does not say what and where", f)
			}
		}
		return
	}
	http := config.Get[httpConfig](c, "http")
	if http.DrainTimeout <= 0 || http.MaxBody < 1 || http.Validate() != nil {
		t.Fatalf("loaded %+v, which its rules refuse", http)
	}
	for _, v := range c.Values() {
		if v.Value == "" || v.Source == "" || strings.Contains(v.Value, "\n") {
			t.Fatalf("Values has %+v; want a value in one line, and its source", v)
		}
	}
}

func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "~", "app:", "app: {name: x}", "http:\n  address: :1\n  drain_timeout: 1s\n  tls: {certificate: a, key: b}\n",
		"http: &a {address: *a}", "admin:\n  hosts: &h [*h]\n", "? [a]\n: b\n", "<<: {app: {name: x}}", "--- \n...\n---\n", "%YAML 1.1\n---\napp: {}\n",
		"app: {name: !!binary aGk=}", "app: !x {}", "app: {name: |\n  two\n  lines\n}", "http:\n\taddress: x", "'", "\"\\", "\x00", "\xff\xfe", "\ufeffapp: {}",
		"log: {level: LOUD}", "database: {max_connections: 1e2, retries: [0x1, 010, null, ~, [], {}]}", "admin: {networks: [::/0, 1.2.3.4/33]}",
		"app:\n  name: a\n  name: b\n", strings.Repeat("[", 200), strings.Repeat("a: {", 200), "a: &a\nb: *b\n", "app: {name: \"\\e[2J\"}",
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "app.yaml")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(sections(), config.Sources{Files: []string{path}})
		check(t, c, err)
	})
}

func FuzzEnvironment(f *testing.F) {
	for _, seed := range [][2]string{
		{"APP_HTTP_ADDRESS=:1", "http.address=:2"},
		{"APP_HTTP_ADDRESS=", "http.address="},
		{"APP_HTTP_PORT=tcp://1", "http.port=1"},
		{"APP_ADMIN_TOKEN_FILE=/dev/null", "admin.token"},
		{"APP_ADMIN_TOKEN=short", "admin.token=\x00"},
		{"=", "="},
		{"", ""},
		{"APP_=x", ".=x"},
		{"APP__FILE=x", "..=x"},
		{"APP", "app=x"},
		{"app_name=x", "app..name=x"},
		{"APP_ADMIN_HOSTS=,", "admin.hosts=a,,b"},
		{"APP_STOP_TIMEOUT=1e9s", "app.stop_timeout=-1ns"},
		{"APP_DATABASE_SAMPLE_RATIO=Inf", "database.sample_ratio=1e-400"},
		{"APP_DATABASE_MAX_CONNECTIONS=null", "database.max_connections= 7 "},
		{"APP_DATABASE_URL=://", "database.url=a://b:c@d/e@f"},
		{"APP_NAME=\xff\n", "app.name=\x1b[2J"},
		{"APP_LOG_LEVEL=\x1b", "log.level=\n"},
		{"AP_\u017f\u0130=x", "\u212a.x=x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, variable, argument string) {
		if name, _, _ := strings.Cut(variable, "="); strings.HasSuffix(name, "_FILE") && variable != "APP_ADMIN_TOKEN_FILE=/dev/null" {
			t.Skip("would read any file of this machine")
		}
		c, err := config.Load(sections(), config.Sources{Environ: []string{variable}, Set: []string{argument}})
		check(t, c, err)
	})
}
