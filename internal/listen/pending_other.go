//go:build !unix

package listen

import "net"

// Pending returns none: it is for Unix.
func Pending(net.Listener) []net.Conn { return nil }
