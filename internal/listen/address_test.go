package listen_test

import (
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"example.com/ostov/internal/listen"
)

func TestValidateSaysWhatIsRight(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, address string
		want          string // in the message; "" is a valid address
	}{
		{name: "IPv4", address: "127.0.0.1:8080"},
		{name: "a free port", address: "127.0.0.1:0"},
		{name: "IPv6", address: "[::1]:8080"},
		{name: "IPv6 with a zone", address: "[fe80::1%eth0]:8080"},
		{name: "all addresses", address: ":8080"},
		{name: "a name", address: "localhost:65535"},
		{name: "a Unix socket", address: "unix:/run/app.sock"},
		{name: "an inherited listener", address: "fd:http"},
		{name: "nothing", address: "", want: "missing port in address: write host:port"},
		{name: "only a port", address: "8080", want: "missing port in address: write host:port"},
		{name: "only a host", address: "127.0.0.1", want: "missing port in address: write host:port"},
		{name: "only an IPv6 address", address: "::1", want: "write [::1]:8080"},
		{name: "IPv6 without brackets", address: "::1:8080", want: "write [::1]:8080"},
		{name: "a port too high", address: "127.0.0.1:70000", want: `port "70000" is not a number from 0 (any free port) to 65535`},
		{name: "a negative port", address: "127.0.0.1:-1", want: `port "-1" is not a number`},
		{name: "a service name", address: "127.0.0.1:http", want: `port "http" is not a number`},
		{name: "an empty port", address: "127.0.0.1:", want: `port "" is not a number`},
		{name: "a URL", address: "http://127.0.0.1:8080", want: "too many colons in address: write host:port"},
		{name: "a URL without a port", address: "http://host", want: `port "//host" is not a number`},
		{name: "a star for all", address: "*:8080", want: `"*" is neither an IP address nor a host name`},
		{name: "a Unix socket without a path", address: "unix:", want: "write unix:PATH"},
		{name: "a path too long for a socket", address: "unix:/" + strings.Repeat("x", 200), want: "has 201 bytes, a Unix socket takes at most"},
		{name: "a path with a NUL", address: "unix:/run/\x00", want: "NUL"},
		{name: "an inherited listener without a name", address: "fd:", want: "write fd:NAME"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			err := listen.Validate(tt.address)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Validate(%q) = %v; want it valid", tt.address, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Validate(%q) = %v; want a message with %q", tt.address, err, tt.want)
			case tt.want != "" && !strings.HasPrefix(err.Error(), "address "):
				t.Errorf("Validate(%q) = %v; want it to begin with the address", tt.address, err)
			}
		})
	}
}

func TestSeveralAddressesAreSeparatedByCommas(t *testing.T) {
	t.Parallel()

	got := listen.Split(":80, unix:/run/app.sock")
	if want := []string{":80", "unix:/run/app.sock"}; !slices.Equal(got, want) {
		t.Errorf("Split = %q; want %q", got, want)
	}
	if got := listen.Split(""); len(got) != 1 || listen.Validate(got[0]) == nil {
		t.Errorf("Split of nothing = %q; want one address that Validate refuses", got)
	}
}

func TestValidateKnowsWhereAbstractSocketsExist(t *testing.T) {
	t.Parallel()

	err := listen.Validate("unix:@app")
	if onLinux := runtime.GOOS == "linux"; onLinux != (err == nil) {
		t.Errorf("Validate(unix:@app) on %s = %v; want an error elsewhere than on Linux only", runtime.GOOS, err)
	}
}

// Contract B110, B111.
func TestURLIsWhatAClientDials(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, scheme string
		address      net.Addr
		want         string
	}{
		{"IPv4", "http", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, "http://127.0.0.1:80"},
		{"IPv6 in brackets", "https", &net.TCPAddr{IP: net.IPv6loopback, Port: 443}, "https://[::1]:443"},
		{"IPv6 with a zone", "http", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 1, Zone: "eth0"}, "http://[fe80::1%25eth0]:1"},
		{"unspecified IPv4 as bound", "tcp", &net.TCPAddr{IP: net.IPv4zero, Port: 23}, "tcp://0.0.0.0:23"},
		{"unspecified IPv6 as bound", "tcp", &net.TCPAddr{IP: net.IPv6unspecified, Port: 23}, "tcp://[::]:23"},
		{"Unix socket", "http", &net.UnixAddr{Name: "/run/app.sock", Net: "unix"}, "http+unix:///run/app.sock"},
		{"Unix socket with TLS", "https", &net.UnixAddr{Name: "/run/app.sock", Net: "unix"}, "https+unix:///run/app.sock"},
		{"abstract socket", "http", &net.UnixAddr{Name: "@app", Net: "unix"}, "http+unix://@app"},
		{"path with a space", "http", &net.UnixAddr{Name: "/my app.sock", Net: "unix"}, "http+unix:///my%20app.sock"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			if got := listen.URL(tt.scheme, tt.address); got != tt.want {
				t.Errorf("URL(%q, %v) = %q; want %q", tt.scheme, tt.address, got, tt.want)
			}
		})
	}
}
