package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// access says who may call a route. What nobody decided is for operators.
type access int8

const (
	operators access = iota // who shows the token or has a session, by a known name and from the same origin
	scrapers                // on a loopback address everybody there; else who shows the token, by any name
	everybody
)

// guard decides who may do what.
type guard struct {
	token    [sha256.Size]byte // the hash of it
	hosts    []string
	loopback bool
	origin   http.CrossOriginProtection
	sessions sessions
	attempts attempts
	log      *zap.Logger
}

// admit reports whether r may go on to a route. Where it may not, it has been
// answered.
func (g *guard) admit(w http.ResponseWriter, r *http.Request, to access) bool {
	switch {
	case to == everybody:
		return true
	case !g.called(r, to):
		refuse(w, http.StatusMisdirectedRequest, "Ask by a name or an address that is in admin.hosts.")
		return false
	case !g.sameOrigin(r):
		refuse(w, http.StatusForbidden, "Pages of other origins may not ask. Paste the link instead of following it.")
		return false
	case to == scrapers && g.loopback:
		return true
	}
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch who, wait := g.identify(r); {
	case wait > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		refuse(w, http.StatusTooManyRequests, "Too many wrong tokens came from this address.")
	case who == nobody:
		w.Header().Set("WWW-Authenticate", "Bearer")
		if r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html") {
			sendFile(w, http.StatusUnauthorized, "login.html")
			return false
		}
		refuse(w, http.StatusUnauthorized, "Show the token as Authorization: Bearer TOKEN, or open /?token=TOKEN once.")
	case who == session && !isRead && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "":
		refuse(w, http.StatusForbidden, "With a session, Sec-Fetch-Site or Origin must say whose page asks.")
	default:
		return true
	}
	return false
}

// called reports whether a page of somebody else cannot have sent r to its own
// name: it gets here by a DNS name that it lets point to this address.
func (g *guard) called(r *http.Request, to access) bool {
	host := (&url.URL{Host: r.Host}).Hostname()
	if _, err := netip.ParseAddr(host); to == scrapers && (err == nil || !g.loopback) {
		return true // no DNS name, or the token is asked for, which such a page does not have
	}
	return slices.ContainsFunc(g.hosts, func(known string) bool { return strings.EqualFold(known, host) })
}

// sameOrigin reports whether r comes from a page of this server or from no page.
// Reads are judged as writes are: pages of other ports are sent our cookie.
func (g *guard) sameOrigin(r *http.Request) bool {
	return g.origin.Check(&http.Request{Method: http.MethodPost, Host: r.Host, Header: r.Header}) == nil
}

// caller is how a client has shown who it is.
type caller int8

const (
	nobody  caller = iota
	session        // which a browser shows whoever makes it ask
	bearer
)

// identify tells what r shows. Where wait is not 0 its token was not looked at.
func (g *guard) identify(r *http.Request) (who caller, wait time.Duration) {
	token, ok := shownToken(r)
	if !ok {
		if g.sessions.has(r) {
			return session, 0
		}
		return nobody, 0
	}
	hash := sha256.Sum256([]byte(token))
	right := subtle.ConstantTimeCompare(hash[:], g.token[:]) == 1
	if wait = g.attempts.judge(r.RemoteAddr, right); wait == 0 && right {
		return bearer, 0
	}
	if wait == 0 {
		g.log.Warn("a wrong token was shown", zap.String("remote", r.RemoteAddr))
	}
	return nobody, wait
}

// shownToken returns the token in the header of r or, where r is the link that
// begins a session, in its query.
func shownToken(r *http.Request) (token string, ok bool) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token), true
	}
	return r.URL.Query().Get("token"), isLink(r)
}

// isLink reports whether r is the link that begins a session.
func isLink(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.Query().Has("token")
}
