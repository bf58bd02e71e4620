// Package admin serves those who operate the application, on an address of its
// own: first up and last down. Probes are open to all, metrics on a loopback
// address. The rest asks for more, since every page in a browser of the same
// machine reaches a loopback address too: a known name (admin.hosts), the same
// origin, and the token, shown as Authorization: Bearer TOKEN or by opening
// http://ADDRESS/?token=TOKEN once, which begins a session of eight hours. After
// ten wrong tokens in a minute no further one from that address is looked at.
package admin
