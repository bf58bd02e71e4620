package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	sessionLife = 8 * time.Hour
	maxSessions = 64 // over it the oldest ends
)

// sessions knows who has shown the token. The zero value knows nobody.
type sessions struct {
	mu   sync.Mutex
	open []opened // the oldest first
}

type opened struct {
	id    [sha256.Size]byte // the hash of it
	until time.Time
}

// add begins a session with the client of r.
func (s *sessions) add(w http.ResponseWriter, r *http.Request) {
	id := secret()
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: id, Path: "/", MaxAge: int(sessionLife / time.Second),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, opened{sha256.Sum256([]byte(id)), time.Now().Add(sessionLife)})
	s.open = s.open[max(0, len(s.open)-maxSessions):]
}

// has reports whether r belongs to a session.
func (s *sessions) has(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return false
	}
	id := sha256.Sum256([]byte(cookie.Value))
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.open, func(o opened) bool { return o.id == id && time.Now().Before(o.until) })
}

// cookieName has the port in it: browsers send the cookies of one port to all
// others of a host, where another application may use the same name.
func cookieName(r *http.Request) string {
	name := "admin_session_" + (&url.URL{Host: r.Host}).Port()
	if r.TLS != nil {
		name = "__Host-" + name // which browsers take from this very host only
	}
	return name
}

// secret returns 260 random bits as letters and digits.
func secret() string { return rand.Text() + rand.Text() }
