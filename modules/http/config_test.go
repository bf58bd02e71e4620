package httpserver_test

import (
	"strings"
	"testing"

	"example.com/ostov/config"
	httpserver "example.com/ostov/modules/http"
)

// Contract B60.
func TestWrongSettingsSayWhatIsRight(t *testing.T) {
	t.Parallel()

	tests := []struct {
		setting, want string // "" for a valid one
	}{
		{setting: "address=:0, [::1]:8080,unix:/run/app.sock, fd:http"},
		{setting: "address=", want: "address"},
		{setting: "address=localhost", want: "write host:port"},
		{setting: "address=127.0.0.1:70000", want: "0 (any free port) to 65535"},
		{setting: "address=127.0.0.1:0,", want: "write host:port"},
		{setting: "drain_timeout=0s", want: "more than 0"},
		{setting: "read_header_timeout=-1s", want: "more than 0"},
		{setting: "read_timeout=0s"},
		{setting: "handler_timeout=30s", want: "less than write_timeout, which is 30s"},
		{setting: "handler_timeout=0s"},
		{setting: "write_timeout=0s"},
		{setting: "idle_timeout=0s", want: "more than 0"},
		{setting: "max_header_bytes=0", want: "more than 0"},
		{setting: "max_body_bytes=-1", want: "0 or more"},
		{setting: "max_connections=-1", want: "0 or more"},
		{setting: "rate_limit=-0.5", want: "0 or more"},
		{setting: "trusted_proxies=10.0.0.7/32,10.0.0.0/8,fd00::/8"},
		{setting: "trusted_proxies=10.0.0.0/33", want: "trusted_proxies"},
		{setting: "trusted_proxies=proxy", want: "trusted_proxies"},
		{setting: "cors_origins=https://a.example,http://localhost:3000,*"},
		{setting: "cors_origins=https://a.example/", want: "write scheme://host"},
		{setting: "cors_origins=a.example", want: "write scheme://host"},
		{setting: "tls_key=/key.pem", want: "together with tls_key"},
		{setting: "tls_certificate=/certificate.pem", want: "together with tls_certificate"},
		{setting: "tls_certificate=/none/certificate.pem;http.tls_key=/none/key.pem", want: "/none/certificate.pem"},
	}
	for _, tt := range tests {
		t.Run(tt.setting, func(t *testing.T) {
			t.Parallel()

			settings := strings.Split("http."+tt.setting, ";")
			_, err := config.Load([]config.Section{config.NewSection("http", httpserver.DefaultConfig())}, config.Sources{Set: settings})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%s: %v; want it valid", tt.setting, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%s: %v; want a message with %q", tt.setting, err, tt.want)
			}
		})
	}
}
