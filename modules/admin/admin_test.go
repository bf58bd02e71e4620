package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/container"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token = "the-right-token"
	host  = "127.0.0.1:8081"
)

// fixture is a server in a test, and what it wrote.
type fixture struct {
	*admin.Server
	t      *testing.T
	checks *health.Registry
	level  zap.AtomicLevel
	log    *testkit.Buffer
	stderr *testkit.Buffer
}

// build makes a server with the token of the tests; change may alter what it is
// made of.
func build(t *testing.T, change ...func(*admin.Params)) *fixture {
	t.Helper()
	f := &fixture{t: t, checks: health.NewRegistry(func() bool { return true }), level: zap.NewAtomicLevel(), log: new(testkit.Buffer), stderr: new(testkit.Buffer)}
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "tests_total", Help: "A counter."}))
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(f.log), f.level)
	p := admin.Params{
		Config:    admin.DefaultConfig(),
		Container: container.New(container.Process{Stdout: io.Discard, Stderr: f.stderr, Sources: config.Sources{Environ: []string{}}}),
		Health:    f.checks,
		Log:       zap.New(core),
		Level:     f.level,
		Metrics:   registry,
	}
	p.Config.Token = config.NewSecret(token)
	for _, c := range change {
		c(&p)
	}
	f.Server = admin.New(p)
	return f
}

func publicBind(p *admin.Params) { p.Config.Address = "0.0.0.0:8081" }

// ask sends a request of a client on this machine, which change may alter.
func (f *fixture) ask(method, path string, change ...func(*http.Request)) *http.Response {
	f.t.Helper()
	r := httptest.NewRequestWithContext(f.t.Context(), method, "http://"+host+path, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func with(header, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(header, value) }
}

func from(remote string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = remote }
}

func called(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func bearer(token string) func(*http.Request) { return with("Authorization", "Bearer "+token) }

// sending gives a request a body, of JSON unless its type is set after it.
func sending(body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
}

// want fails the test where the answer has another status, and returns its body.
func want(t *testing.T, what string, answer *http.Response, status int) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s: read the body: %v", what, err)
	}
	if answer.StatusCode != status {
		t.Errorf("%s: %d %s; want %d", what, answer.StatusCode, body, status)
	}
	return string(body)
}
