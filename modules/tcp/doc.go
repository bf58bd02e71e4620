// Package tcp serves line protocols and streams on TCP and Unix sockets, with
// TLS where it is configured.
//
// A feature registers a [LineServer] or a [StreamServer] with [Server]; without
// one nothing listens. Every session has limits: on its silence, on the length
// of a line and the time it takes to arrive, on the time in which the client
// must take an answer. Over a limit a session is closed; the package itself
// never writes a byte to a client.
package tcp
