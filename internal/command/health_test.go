package command_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/ostov/internal/command"
	"example.com/ostov/modules"
)

func TestHealthAsksTheAdminServerOfItsSettings(t *testing.T) {
	t.Parallel()

	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/livez" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(admin.Close)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	address := strings.TrimPrefix(admin.URL, "http://")
	tests := []struct {
		name  string
		args  []string
		code  int
		shown string
	}{
		{"alive", []string{"--set", "admin.address=" + address}, 0, ""},
		{"not ready", []string{"--ready", "--set", "admin.address=" + address}, 1, "/readyz of " + address + " answers 503"},
		{"no answer", []string{"--set", "admin.address=" + strings.TrimPrefix(silent.URL, "http://")}, 1, "deadline exceeded"},
		{"nobody is there", []string{"--set", "admin.address=" + strings.TrimPrefix(nobody.URL, "http://")}, 1, "refused"},
		{"wrong settings", []string{"--set", "admin.adress=x"}, 2, "admin.adress"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var shown bytes.Buffer
			code := command.Run(t.Context(), append([]string{"health"}, tt.args...), &shown, &shown, modules.All())
			if code != tt.code || !strings.Contains(shown.String(), tt.shown) || tt.code == 0 && shown.Len() > 0 {
				t.Errorf("app health %v = %d, %q; want %d, %q", tt.args, code, &shown, tt.code, tt.shown)
			}
		})
	}
}
