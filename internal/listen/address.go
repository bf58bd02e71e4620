package listen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// forms ends the message of every malformed address.
const forms = "write host:port, such as 127.0.0.1:8080, [::1]:8080 or :8080, or unix:PATH"

// maxPath is how many bytes the path of a Unix socket may have.
const maxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// Split returns the addresses of a list that is separated by commas, which is
// how several stand in one setting.
func Split(list string) []string {
	addresses := strings.Split(list, ",")
	for i, address := range addresses {
		addresses[i] = strings.TrimSpace(address)
	}
	return addresses
}

// Check tells refuse what is wrong with the settings that servers have alike, by
// their keys: the list address, unless it is empty; tls_certificate and tls_key,
// which go together.
func Check(addresses, certFile, keyFile string, refuse func(key string, err error)) {
	for _, address := range Split(addresses) {
		if err := Validate(address); err != nil && addresses != "" {
			refuse("address", err)
		}
	}
	switch {
	case certFile != "" && keyFile == "":
		refuse("tls_key", errors.New("it must be given together with tls_certificate"))
	case certFile == "" && keyFile != "":
		refuse("tls_certificate", errors.New("it must be given together with tls_key"))
	default:
		if _, err := TLS(certFile, keyFile, nil); err != nil {
			refuse("tls_certificate", err)
		}
	}
}

// Validate reports what is wrong with the form of address and what would be
// right. It does not look at the machine: a valid address may still be taken.
func Validate(address string) error {
	if err := validate(address); err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return nil
}

func validate(address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return validatePath(path)
	}
	if name, ok := strings.CutPrefix(address, "fd:"); ok {
		if name == "" {
			return errors.New("the name of the inherited listener is missing: write fd:NAME")
		}
		return nil
	}

	host, port, err := net.SplitHostPort(address)
	if err != nil {
		if ip, notIP := netip.ParseAddr(address); notIP == nil && ip.Is6() {
			return errors.New("an IPv6 address stands in brackets, before its port: write [::1]:8080")
		}
		var malformed *net.AddrError
		if errors.As(err, &malformed) {
			err = errors.New(malformed.Err)
		}
		return fmt.Errorf("%w: %s", err, forms)
	}
	if strings.Trim(host, hostBytes) != "" {
		return fmt.Errorf("%q is neither an IP address nor a host name: %s", host, forms)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not a number from 0 (any free port) to 65535: %s", port, forms)
	}
	return nil
}

// hostBytes are the bytes of host names and IP addresses, zones included.
const hostBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%"

func validatePath(path string) error {
	switch {
	case path == "":
		return errors.New("the path of the socket is missing: write unix:PATH, such as unix:/run/app/http.sock")
	case len(path) > maxPath:
		return fmt.Errorf("the path has %d bytes, a Unix socket takes at most %d: choose a shorter one", len(path), maxPath)
	case strings.ContainsRune(path, 0):
		return errors.New("the path holds a NUL byte: write unix:PATH, such as unix:/run/app/http.sock")
	case isAbstract(path) && runtime.GOOS != "linux":
		return errors.New("abstract sockets (unix:@NAME) exist on Linux only: write unix:PATH")
	}
	return nil
}

// isAbstract reports whether the Unix socket of that path has no file.
func isAbstract(path string) bool { return strings.HasPrefix(path, "@") }

// URL returns how a client reaches address: scheme://host:port, with IPv6 in
// brackets and an unspecified address left as it was bound, or
// scheme+unix://PATH. What a URL cannot hold, such as a space, is escaped.
func URL(scheme string, address net.Addr) string {
	if a, ok := address.(*net.UnixAddr); ok {
		return scheme + "+unix://" + (&url.URL{Path: a.Name}).EscapedPath()
	}
	return scheme + "://" + strings.ReplaceAll(address.String(), "%", "%25")
}
