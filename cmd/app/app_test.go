package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
)

// asApp makes the test binary the application, for the tests that need a
// process.
const asApp = "TEST_APP"

func TestMain(m *testing.M) {
	if os.Getenv(asApp) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// call runs the program in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // where it runs although it should not
	defer cancel()
	code = run(ctx, args, &out, &err)
	return code, out.String(), err.String()
}

// freePorts are flags that let the application listen anywhere.
var freePorts = []string{"--set", "http.address=127.0.0.1:0", "--set", "tcp.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0"}

// readyLine runs the application until it says where it serves.
func readyLine(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lineWriter{line: func(string) { cancel() }}
	var stderr bytes.Buffer
	if code := run(ctx, freePorts, out, &stderr); code != 0 || !strings.HasPrefix(out.first, "Serving on ") {
		t.Fatalf("app = %d, %q; stderr %s", code, out.first, &stderr)
	}
	return out.first
}

// lineWriter calls line with the first line written to it.
type lineWriter struct {
	first string
	line  func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	if w.first == "" {
		w.first = string(p)
		w.line(w.first)
	}
	return len(p), nil
}

func TestTheReadyLineNamesEveryServer(t *testing.T) {
	line := readyLine(t)
	if !regexp.MustCompile(`^Serving on http://127\.0\.0\.1:[1-9]\d* (tcp://127\.0\.0\.1:[1-9]\d* )?admin=http://127\.0\.0\.1:[1-9]\d*\. Hit CTRL-C to stop\.\n$`).MatchString(line) {
		t.Errorf("the ready line is %q", line)
	}
}

func TestCheckBuildsAndStartsNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	code, stdout, stderr := call(t, "check", "--set", "http.address="+taken.Addr().String())
	if code != 0 || stdout != "Configuration and wiring are fine.\n" || stderr != "" {
		t.Errorf("app check = %d, %q, %q; want 0 although the port is taken", code, stdout, stderr)
	}
}

func TestRoutesListsThePublicRoutes(t *testing.T) {
	code, stdout, stderr := call(t, "routes")
	if code != 0 || stderr != "" {
		t.Fatalf("app routes = %d, %q", code, stderr)
	}
	for _, want := range []string{"GET", "/livez", "/readyz"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("app routes says %q; want %s", stdout, want)
		}
	}
}

func TestVersionTellsTheModule(t *testing.T) {
	if code, stdout, _ := call(t, "version"); code != 0 || !strings.Contains(stdout, "go1.") {
		t.Errorf("app version = %d, %q; want the version of Go in it", code, stdout)
	}
}

func TestWrongUsageAndConfigurationIsExitCode2(t *testing.T) {
	dir := t.TempDir()
	typo := filepath.Join(dir, "typo.yaml")
	if err := os.WriteFile(typo, []byte("http:\n  adress: 127.0.0.1:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"unknown flag", []string{"--prot", "80"}, []string{"--prot", "--help"}},
		{"unknown command", []string{"serve"}, []string{"serve", "--help"}},
		{"bad port", []string{"--set", "http.address=127.0.0.1:70000"}, []string{"http.address", "70000"}},
		{"unknown key", []string{"--config", typo}, []string{"http.adress", "typo.yaml:2", "http.address"}},
		{"no such file", []string{"--config", filepath.Join(dir, "none.yaml")}, []string{"none.yaml"}},
		{"limits that do not fit", []string{"--set", "app.stop_timeout=5s"}, []string{"app.stop_timeout", "5s", "10"}},
		{"drain delay as long as the stop", []string{"--set", "app.drain_delay=25s"}, []string{"--set app.drain_delay", "25s", "less than app.stop_timeout"}},
		{"report that cannot be written", []string{"--report", filepath.Join(dir, "none", "report.json")}, []string{"report.json"}},
		{"all at once", []string{"--set", "app.stop_timeout=10", "--config", typo, "--set", "tcp.address=nowhere"}, []string{"app.stop_timeout", "http.adress", "tcp.address"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := call(t, append(freePorts, tt.args...)...)
			if code != 2 || stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and nothing started; stderr:\n%s", code, stdout, stderr)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr is\n%s\nwant it to name %q", stderr, want)
				}
			}
		})
	}
}

// Contract B12, B18.
func TestATakenPortFailsTheStartByName(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	keys := []string{"http.address", "admin.address"}
	if strings.Contains(readyLine(t), " tcp://") { // a feature has registered a line server
		keys = append(keys, "tcp.address")
	}
	for _, key := range keys {
		t.Run(key, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report.json")
			code, stdout, stderr := call(t, append(freePorts, "--report", report, "--set", key+"="+taken.Addr().String())...)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			last := lines[len(lines)-1]
			if code != 1 || strings.Contains(stdout, "Serving on") {
				t.Errorf("exit code %d, stdout %q; want 1 and no ready line", code, stdout)
			}
			if !strings.Contains(last, taken.Addr().String()) || !strings.Contains(last, "in use") {
				t.Errorf("the last line on stderr is %q; want the address and what is wrong with it", last)
			}
			text, err := os.ReadFile(report)
			if err != nil || !bytes.Contains(text, []byte(`"state": "failed"`)) {
				t.Errorf("the report is %s, %v; want one of a failed start", text, err)
			}
		})
	}
}

func TestConfigShowsValuesWithTheirSources(t *testing.T) {
	code, stdout, stderr := call(t, "config", "--set", "http.drain_timeout=7s")
	if code != 0 || stderr != "" {
		t.Fatalf("app config = %d, %q", code, stderr)
	}
	for _, want := range []string{`http.drain_timeout +7s +--set http.drain_timeout`, `tcp.address +127.0.0.1:2323 +default`} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("app config says\n%s\nwant %s", stdout, want)
		}
	}
	code, stdout, _ = call(t, "config", "--json")
	var values []config.Value
	if err := json.Unmarshal([]byte(stdout), &values); code != 0 || err != nil || len(values) < 10 {
		t.Errorf("app config --json = %d, %v, %d values; want them all", code, err, len(values))
	}
}

func TestTheSampleIsAConfigurationThatChangesNothing(t *testing.T) {
	code, sample, stderr := call(t, "config", "sample")
	if code != 0 || stderr != "" {
		t.Fatalf("app config sample = %d, %q", code, stderr)
	}
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	_, plain, _ := call(t, "config")
	if code, with, stderr := call(t, "config", "--config", file); code != 0 || with != plain {
		t.Errorf("with the sample app config = %d, %s%s; want\n%s", code, with, stderr, plain)
	}
}

// README's table is held against the defaults.
func TestTheReadmesSettingsAreTheRealOnes(t *testing.T) {
	_, stdout, _ := call(t, "config", "--json")
	var values []config.Value
	if err := json.Unmarshal([]byte(stdout), &values); err != nil {
		t.Fatal(err)
	}
	defaults := make(map[string]string)
	for _, v := range values {
		defaults[v.Key] = v.Value
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+\\.[a-z_]+`(?:, )?)+) \\| ((?:`[^`]*`(?:, )?)+)").FindAllStringSubmatch(string(readme), -1)
	if len(rows) < 8 {
		t.Fatalf("found %d rows of settings in the README; want its table", len(rows))
	}
	for _, row := range rows {
		keys, wants := strings.Split(row[1], ", "), strings.Split(row[2], ", ")
		for i, key := range keys {
			key, want := strings.Trim(key, "`"), strings.Trim(wants[min(i, len(wants)-1)], "`")
			if got, ok := defaults[key]; !ok || got != want {
				t.Errorf("README says that %s is %q by default; it is %q (known: %t)", key, want, got, ok)
			}
		}
	}
}

func TestGraphTellsModulesAndWhoNeedsWhat(t *testing.T) {
	code, stdout, stderr := call(t, "graph")
	var g container.Graph
	if err := json.Unmarshal([]byte(stdout), &g); code != 0 || err != nil || stderr != "" {
		t.Fatalf("app graph = %d, %v, %q", code, err, stderr)
	}
	if !slices.ContainsFunc(g.Modules, func(m container.GraphModule) bool { return m.Name == "http" }) ||
		!slices.ContainsFunc(g.Hooks, func(h container.GraphHook) bool { return h.Name == "http.serve" && h.Phase == "serve" }) {
		t.Errorf("app graph says %s; want the module http and its hook", stdout)
	}
	for format, want := range map[string]string{"dot": "digraph {", "mermaid": "flowchart LR"} {
		if code, stdout, _ := call(t, "graph", "--format", format); code != 0 || !strings.HasPrefix(stdout, want) || !strings.Contains(stdout, "*echo.Echo") {
			t.Errorf("app graph --format %s = %d, %.100s; want a drawing", format, code, stdout)
		}
	}
	if code, _, stderr := call(t, "graph", "--format", "svg"); code != 2 || !strings.Contains(stderr, "mermaid") {
		t.Errorf("app graph --format svg = %d, %q; want 2 and what is right", code, stderr)
	}
}
