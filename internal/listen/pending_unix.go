//go:build unix

package listen

import (
	"net"
	"os"
	"syscall"
)

// maxPending is what Linux keeps for a listener at most, unless told otherwise.
const maxPending = 4096

// waiting accepts the connections that wait in l, and does not wait for more.
func waiting(l net.Listener) (conns []net.Conn) {
	inner, ok := l.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := inner.SyscallConn()
	if err != nil {
		return nil
	}
	_ = raw.Control(func(fd uintptr) { // fails where l is closed: then none wait
		for len(conns) < maxPending {
			syscall.ForkLock.RLock()
			accepted, _, err := syscall.Accept(int(fd)) // fails with EAGAIN, for Go's listeners never block
			if err == nil {
				syscall.CloseOnExec(accepted)
			}
			syscall.ForkLock.RUnlock()
			if err != nil {
				return
			}
			file := os.NewFile(uintptr(accepted), "")
			if conn, err := net.FileConn(file); err == nil {
				conns = append(conns, conn)
			}
			_ = file.Close() // the connection has a copy
		}
	})
	return conns
}
