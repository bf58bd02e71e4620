package listen

import "syscall"

// restrictMode gives a Unix socket its mode before it is bound, so that its
// file is never open to others, whatever the umask. Elsewhere than on Linux a
// socket has no mode before it has a file.
func restrictMode(_, _ string, raw syscall.RawConn) error {
	var err error
	if failed := raw.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), uint32(socketMode)) }); failed != nil {
		return failed
	}
	return err
}
