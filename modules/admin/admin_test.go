package admin_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"example.com/ostov/health"
	"example.com/ostov/modules/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts an admin server on a free port and returns how to ask it.
func serve(t *testing.T, checks *health.Registry) (get func(method, path string) (int, string)) {
	t.Helper()
	s := admin.New(admin.Config{Address: "127.0.0.1:0"}, checks, zap.NewNop())
	cleanup, err := s.Serve(func(err error) { t.Errorf("the server ended: %v", err) })(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: new(http.Transport)}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := cleanup(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return func(method, path string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, s.URLs()[0]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
}

func TestProbesTellEachKindByStatusOnly(t *testing.T) {
	t.Parallel()

	var running atomic.Bool
	checks := health.NewRegistry(running.Load)
	checks.Add(health.Live("disk", func(context.Context) error { return errors.New("secret path") }))
	get := serve(t, checks)
	want := func(path string, status int) {
		t.Helper()
		if got, body := get(http.MethodGet, path); got != status || strings.Contains(body, "secret") || strings.Contains(body, "disk") {
			t.Errorf("GET %s = %d %q; want %d and no reason", path, got, body, status)
		}
	}
	want("/livez", 503)
	want("/readyz", 503)
	want("/startupz", 503)
	running.Store(true)
	want("/livez", 503)
	want("/readyz", 200)
	want("/startupz", 200)
	want("/", 404)
	want("/debug/pprof/", 404)
	if got, _ := get(http.MethodPost, "/livez"); got != http.StatusMethodNotAllowed {
		t.Errorf("POST /livez = %d; want 405", got)
	}
}

func TestATakenAddressIsNamed(t *testing.T) {
	t.Parallel()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := admin.New(admin.Config{Address: taken.Addr().String()}, health.NewRegistry(func() bool { return true }), zap.NewNop())
	if _, err := s.Serve(func(error) {})(t.Context()); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("Serve = %v; want the address", err)
	}
}

func TestConfigRefusesAnAddressThatCannotBeListenedOn(t *testing.T) {
	t.Parallel()

	if err := (admin.Config{Address: "127.0.0.1:70000"}).Validate(); err == nil || !strings.Contains(err.Error(), "70000") {
		t.Errorf("Validate = %v; want the port named", err)
	}
	if err := admin.DefaultConfig().Validate(); err != nil {
		t.Errorf("Validate of the defaults = %v", err)
	}
}
