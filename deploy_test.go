package ostov_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
)

// settings returns the settings of the application, by key, as nobody configured
// them.
func settings(t *testing.T) map[string]config.Value {
	t.Helper()
	app := container.New(container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{Environ: []string{}}}, modules.All())
	loaded, err := container.Get[*config.Config](app)
	if err == nil {
		err = app.Stop(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]config.Value)
	for _, v := range loaded.Values() {
		all[v.Key] = v
	}
	return all
}

func limit(t *testing.T, settings map[string]config.Value, key string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(settings[key].Value)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return d
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// at returns what stands in a tree of YAML below keys and indexes.
func at(tree any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := tree.(map[string]any)
			tree = m[step]
		case int:
			list, _ := tree.([]any)
			if step >= len(list) {
				return nil
			}
			tree = list[step]
		}
	}
	return tree
}

func documents(t *testing.T, name string) (all []any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(file(t, name)))
	for {
		var tree any
		err := d.Decode(&tree)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, tree)
	}
}

func equal[T comparable](t *testing.T, what string, got any, want T) {
	t.Helper()
	if v, ok := got.(T); !ok || v != want {
		t.Errorf("%s is %v; want %v", what, got, want)
	}
}

func TestEveryVariableOfTheManifestsIsASetting(t *testing.T) {
	t.Parallel()
	known := []string{"APP_"}
	for _, v := range settings(t) {
		known = append(known, v.Variable, v.Variable+"_FILE")
	}
	names, err := filepath.Glob("deploy/*")
	if err != nil || len(names) < 7 {
		t.Fatalf("manifests %q, %v", names, err)
	}
	found := 0
	for _, name := range names {
		for _, variable := range regexp.MustCompile(`\bAPP_\w*`).FindAllString(file(t, name), -1) {
			found++
			if !slices.Contains(known, variable) {
				t.Errorf("%s sets %s, which is no setting", name, variable)
			}
		}
	}
	if found < 10 {
		t.Errorf("the manifests set %d variables; want those of all", found)
	}
}

func TestTheManifestsHaveThePortsPathsAndLimitsOfTheCode(t *testing.T) {
	t.Parallel()
	s := settings(t)
	stop, start := limit(t, s, "app.stop_timeout"), limit(t, s, "app.start_timeout")
	port := func(key string) string {
		_, port, _ := strings.Cut(s[key].Value, ":")
		return port
	}
	ports := map[string]string{"http": port("http.address"), "tcp": port("tcp.address"), "admin": port("admin.address")}

	// Each path is asked of the application itself.
	app := apptest.Start(t)
	probed := func(what string, path any) {
		text, _ := path.(string)
		if status, _ := app.Get(app.Admin + text); status != http.StatusOK || text == "" {
			t.Errorf("%s asks %v, which answers %d", what, path, status)
		}
	}

	deployment := documents(t, "deploy/k8s.yaml")[0]
	pod := at(deployment, "spec", "template", "spec")
	c := at(pod, "containers", 0)
	for i, name := range []string{"http", "tcp", "admin"} {
		equal(t, "k8s: name of port", at(c, "ports", i, "name"), name)
		equal(t, "k8s: address of "+name, at(c, "env", i, "value"), ":"+ports[name])
		equal(t, "k8s: port "+name, fmt.Sprint(at(c, "ports", i, "containerPort")), ports[name])
	}
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		equal(t, "k8s: port of the "+probe, at(c, probe, "httpGet", "port"), "admin")
		probed("k8s: the "+probe, at(c, probe, "httpGet", "path"))
	}
	above(t, "k8s: terminationGracePeriodSeconds", at(pod, "terminationGracePeriodSeconds"), stop)
	above(t, "k8s: periodSeconds*failureThreshold of the startupProbe", at(c, "startupProbe", "failureThreshold"), start)
	equal(t, "k8s: readOnlyRootFilesystem", at(c, "securityContext", "readOnlyRootFilesystem"), true)
	equal(t, "k8s: runAsNonRoot", at(pod, "securityContext", "runAsNonRoot"), true)
	equal(t, "k8s: where the token is mounted", at(c, "env", 3, "value"), at(c, "volumeMounts", 0, "mountPath").(string)+"/"+at(pod, "volumes", 0, "secret", "items", 0, "path").(string))

	compose := at(documents(t, "deploy/compose.yaml")[0], "services", "app")
	equal(t, "compose: admin address", at(compose, "environment", "APP_ADMIN_ADDRESS"), ":"+ports["admin"])
	for i, name := range []string{"http", "tcp", "admin"} {
		equal(t, "compose: port "+name, at(compose, "ports", i), "127.0.0.1:"+ports[name]+":"+ports[name])
	}
	grace, err := time.ParseDuration(at(compose, "stop_grace_period").(string))
	if err != nil || grace <= stop+2*time.Second {
		t.Errorf("compose: stop_grace_period is %v, %v; want more than %v", grace, err, stop+2*time.Second)
	}
	scrape := at(documents(t, "deploy/prometheus.yaml")[0], "scrape_configs", 0)
	equal(t, "prometheus: target", at(scrape, "static_configs", 0, "targets", 0), "app:"+ports["admin"])
	probed("prometheus", at(scrape, "metrics_path"))
	equal(t, "the collector's address", "http://collector:"+strings.Split(at(documents(t, "deploy/collector.yaml")[0], "receivers", "otlp", "protocols", "http", "endpoint").(string), ":")[1],
		at(compose, "environment", "OTEL_EXPORTER_OTLP_ENDPOINT").(string))

	dockerfile := file(t, "deploy/Dockerfile")
	for _, line := range []string{
		"EXPOSE " + ports["http"] + " " + ports["tcp"] + " " + ports["admin"],
		"APP_HTTP_ADDRESS=:" + ports["http"] + " APP_TCP_ADDRESS=:" + ports["tcp"] + " APP_ADMIN_ADDRESS=127.0.0.1:" + ports["admin"],
		`CMD ["/app", "health"]`, "USER 10001:10001", "FROM scratch", "golang:" + goVersion(t),
	} {
		if !strings.Contains(dockerfile, line) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	flags := regexp.MustCompile(`CGO_ENABLED=0 go build -trimpath -ldflags='.*?'`)
	if got, want := flags.FindString(dockerfile), flags.FindString(file(t, "Makefile")); got != want || got == "" {
		t.Errorf("the Dockerfile builds by %q; want %q, as make build does", got, want)
	}
}

func TestTheUnitsFitTheCode(t *testing.T) {
	t.Parallel()
	s := settings(t)
	service, socket := file(t, "deploy/ostov.service"), file(t, "deploy/ostov.socket")
	value := func(unit, key string) string {
		m := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(unit)
		if m == nil {
			t.Errorf("a unit lacks %s", key)
			return ""
		}
		return m[1]
	}
	for key, least := range map[string]time.Duration{
		"TimeoutStartSec": limit(t, s, "app.start_timeout") + 2*time.Second, "TimeoutStopSec": limit(t, s, "app.stop_timeout") + 2*time.Second,
	} {
		if d, err := time.ParseDuration(value(service, key)); err != nil || d < least {
			t.Errorf("%s is %v, %v; want %v or more", key, d, err, least)
		}
	}
	equal(t, "Type", value(service, "Type"), "notify")
	equal(t, "the port of the socket", value(socket, "ListenStream"), strings.TrimPrefix(s["http.address"].Value, "127.0.0.1:"))
	equal(t, "APP_HTTP_ADDRESS", value(service, "Environment=APP_HTTP_ADDRESS"), "fd:"+value(socket, "FileDescriptorName"))
}

// above fails the test where seconds are not more than d and the slack that a
// process needs beside.
func above(t *testing.T, what string, seconds any, d time.Duration) {
	t.Helper()
	if n, ok := seconds.(int); !ok || time.Duration(n)*time.Second <= d+2*time.Second {
		t.Errorf("%s is %v; want more than %v", what, seconds, d+2*time.Second)
	}
}

// goVersion returns major and minor of the Go that go.mod asks for.
func goVersion(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(file(t, "go.mod"))
	if m == nil {
		t.Fatal("go.mod names no version of Go")
	}
	return m[1]
}
