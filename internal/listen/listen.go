package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// bind opens a listener of our own on a valid address.
func bind(ctx context.Context, address string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return bindUnix(ctx, path)
	}

	network := "tcp"
	if strings.HasPrefix(address, "0.0.0.0:") {
		network = "tcp4" // "tcp" would bind [::], IPv6 included
	}
	l, err := new(net.ListenConfig).Listen(ctx, network, address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, advise(err, "stop the process that listens there or choose another port (0 picks a free one)")
	case errors.Is(err, syscall.EACCES):
		return nil, advise(err, "ports below 1024 need a privilege: choose a higher one")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, advise(err, "choose an address of this machine, or leave the host empty for all of them")
	case err != nil:
		return nil, advise(err, "choose an address of this machine and a free port")
	}
	return l, nil
}

// bindUnix removes the file of a socket that nobody serves any more, and no
// other file. The new file is removed when the listener is closed.
func bindUnix(ctx context.Context, path string) (net.Listener, error) {
	if !isAbstract(path) {
		if err := removeStale(ctx, path); err != nil {
			return nil, err
		}
	}

	l, err := (&net.ListenConfig{Control: restrictMode}).Listen(ctx, "unix", path)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, advise(err, "stop the process that listens there or choose another path")
	case err != nil:
		return nil, advise(err, "the folder must exist and be writable")
	}
	if isAbstract(path) {
		return l, nil
	}
	if err := os.Chmod(path, socketMode); err != nil { // restrictMode is not everywhere
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// socketMode is the mode of the file of a Unix socket: whoever may write to it
// may connect.
const socketMode fs.FileMode = 0o600

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket: remove it or choose another path", path)
	}

	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(
			fmt.Errorf("%w: stop the process that listens there or choose another path", syscall.EADDRINUSE),
			conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return advise(err, "a process may listen there: stop it or choose another path")
	}
	return os.Remove(path)
}

// advise returns what caused err, without the address that the caller names
// anyway, and what to do about it.
func advise(err error, advice string) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return fmt.Errorf("%w: %s", err, advice)
}
