package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Set holds the listeners that this process inherited and nobody took yet. A
// nil Set holds none. Its methods may be called from any goroutine.
type Set struct {
	mu   sync.Mutex
	left []inherited
}

type inherited struct {
	name string
	net.Listener
}

// firstInherited is the descriptor of the first inherited listener; the others
// follow it.
const firstInherited = 3

// Inherited takes the listeners that systemd, or another parent that speaks
// its protocol, opened for this process: LISTEN_FDS in environ says how many,
// LISTEN_FDNAMES their names, separated by colons. They are taken only where
// LISTEN_PID is this process or is not given; else the Set is nil.
//
// The process calls it once, before it opens files, with os.Environ(), and
// then unsets the three variables, which are not meant for its children.
func Inherited(environ []string) (*Set, error) {
	env := make(map[string]string)
	for _, variable := range environ {
		if name, value, ok := strings.Cut(variable, "="); ok && strings.HasPrefix(name, "LISTEN_") {
			env[name] = value
		}
	}
	if env["LISTEN_FDS"] == "" {
		return nil, nil
	}
	if pid := env["LISTEN_PID"]; pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	count, err := strconv.ParseUint(env["LISTEN_FDS"], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_FDS=%q is not the number of inherited listeners", env["LISTEN_FDS"])
	}

	names := strings.Split(env["LISTEN_FDNAMES"], ":")
	s := new(Set)
	for i := range int(count) {
		var name string
		if i < len(names) {
			name = names[i]
		}
		l, err := adopt(firstInherited+i, name)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.left = append(s.left, inherited{name, l})
	}
	return s, nil
}

// adopt makes a listener of a descriptor. The listener has a copy that children
// of this process do not inherit.
func adopt(fd int, name string) (net.Listener, error) {
	file := os.NewFile(uintptr(fd), name)
	if file == nil {
		return nil, fmt.Errorf("inherited descriptor %d (%s) is invalid", fd, name)
	}
	l, err := net.FileListener(file)
	if closeErr := file.Close(); err == nil && closeErr != nil {
		return nil, errors.Join(closeErr, l.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("inherited descriptor %d (%s) is not a listening stream socket: %w", fd, name, err)
	}
	return l, nil
}

// All returns a listener for every address, in their order, or an error that
// names the address and what to do. An address that was inherited is not bound
// again: a host and port, or a path, that an inherited listener has, or fd:NAME.
// After an error nothing is bound and no inherited listener is taken.
func (s *Set) All(ctx context.Context, addresses ...string) ([]net.Listener, error) {
	for _, address := range addresses {
		if err := Validate(address); err != nil {
			return nil, err
		}
	}

	var taken []inherited
	var all, bound []net.Listener
	for _, address := range addresses {
		got, ok := s.take(ctx, address)
		if ok {
			taken, all = append(taken, got), append(all, got.Listener)
			continue
		}
		l, err := open(ctx, address)
		if err != nil {
			s.putBack(taken)
			err = fmt.Errorf("listen on %s: %w", address, err)
			for _, l := range bound {
				err = errors.Join(err, l.Close())
			}
			return nil, err
		}
		bound, all = append(bound, l), append(all, l)
	}
	return all, nil
}

// open binds an address that is not inherited.
func open(ctx context.Context, address string) (net.Listener, error) {
	if name, ok := strings.CutPrefix(address, "fd:"); ok {
		return nil, fmt.Errorf("no inherited listener is left with the name %q: "+
			"give it to the process (FileDescriptorName=%s in its systemd socket) or write host:port", name, name)
	}
	return bind(ctx, address)
}

// Close closes the listeners that nobody took: a client that connects to one
// would wait in vain. The error names those that could not be closed.
func (s *Set) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	var errs []error
	for _, l := range s.left {
		errs = append(errs, l.Close())
	}
	s.left = nil
	return errors.Join(errs...)
}

// Addresses returns the addresses of the listeners that nobody took, each with
// its name.
func (s *Set) Addresses() []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	var left []string
	for _, l := range s.left {
		left = append(left, fmt.Sprintf("%s (fd:%s)", l.Addr(), l.name))
	}
	return left
}

func (s *Set) take(ctx context.Context, address string) (inherited, bool) {
	if s == nil {
		return inherited{}, false
	}
	matches := matcher(ctx, address)

	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.left, matches)
	if i < 0 {
		return inherited{}, false
	}
	found := s.left[i]
	s.left = slices.Delete(s.left, i, i+1)
	return found, true
}

func (s *Set) putBack(taken []inherited) {
	if len(taken) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, taken...)
}

// matcher tells which inherited listeners stand for a valid address.
func matcher(ctx context.Context, address string) func(inherited) bool {
	if name, ok := strings.CutPrefix(address, "fd:"); ok {
		return func(l inherited) bool { return l.name == name }
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return func(l inherited) bool {
			a, ok := l.Addr().(*net.UnixAddr)
			return ok && a.Name == path
		}
	}

	want := resolve(ctx, address)
	return func(l inherited) bool {
		a, ok := l.Addr().(*net.TCPAddr)
		return ok && slices.ContainsFunc(want, func(w netip.AddrPort) bool { return same(w, a.AddrPort()) })
	}
}

// same reports whether two addresses have the same port and either the same IP
// address or both none, which stands for all.
func same(a, b netip.AddrPort) bool {
	x, y := a.Addr().Unmap(), b.Addr().Unmap()
	return a.Port() == b.Port() && (x == y || x.IsUnspecified() && y.IsUnspecified())
}

// resolve returns the addresses that host:port means; none where the name is
// unknown, which binding it will report.
func resolve(ctx context.Context, address string) []netip.AddrPort {
	host, port, _ := net.SplitHostPort(address)
	if host == "" {
		host = "0.0.0.0"
	}
	number, _ := strconv.ParseUint(port, 10, 16)
	ips, _ := new(net.Resolver).LookupNetIP(ctx, "ip", host)

	resolved := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		resolved = append(resolved, netip.AddrPortFrom(ip, uint16(number)))
	}
	return resolved
}
