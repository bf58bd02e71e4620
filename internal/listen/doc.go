// Package listen opens the listeners of the HTTP, TCP and admin servers:
// several at once, on TCP or Unix sockets, bound here or inherited from the
// process that started this one, with a limit on connections, with TLS, and
// with deadlines that cost little.
//
// An address has one of three forms:
//
//	host:port   an IP address (IPv6 in brackets), a name, or nothing for all
//	            addresses; port 0 picks a free one
//	unix:PATH   a Unix socket, its file open to its owner only (mode 0600);
//	            on Linux unix:@NAME is an abstract one, which has no file
//	fd:NAME     the inherited listener of that name, see [Inherited]
package listen
