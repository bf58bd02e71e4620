package admin_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"
)

// login opens the link and returns the cookie of the session.
func login(f *fixture, change ...func(*http.Request)) *http.Cookie {
	f.t.Helper()
	answer := f.ask(http.MethodGet, "/?token="+token, change...)
	want(f.t, "GET /?token=", answer, http.StatusSeeOther)
	if got := answer.Header.Get("Location"); got != "/" {
		f.t.Errorf("the link leads to %q; want /, without the token", got)
	}
	headersBut(f.t, answer)
	cookies := answer.Cookies()
	if len(cookies) != 1 {
		f.t.Fatalf("the link sets the cookies %v; want one", cookies)
	}
	return cookies[0]
}

func headersBut(t *testing.T, answer *http.Response) {
	t.Helper()
	answer.Header.Del("Strict-Transport-Security")
	headers(t, "the link", answer)
}

func carrying(c *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value}) }
}

func TestTheLinkBeginsASession(t *testing.T) {
	t.Parallel()

	f := build(t)
	cookie := login(f)
	if cookie.Name != "admin_session_8081" || len(cookie.Value) != 52 || cookie.Path != "/" || cookie.Domain != "" ||
		!cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.MaxAge != 8*60*60 {
		t.Errorf("the link sets %v; want HttpOnly, SameSite=Strict, Path=/, 8 hours and 260 bits", cookie)
	}
	if again := login(f); again.Value == cookie.Value {
		t.Errorf("two sessions have the id %s; want an id for each", again.Value)
	}
	for _, row := range f.Table() {
		if row.Method == http.MethodGet && !strings.HasPrefix(row.Path, "/debug/") {
			want(t, "GET "+row.Path, f.ask(http.MethodGet, concrete(row), carrying(cookie), cancelled), 200)
		}
	}
	want(t, "GET /?token= without a token", f.ask(http.MethodGet, "/?token="), 401)
	want(t, "another path with the token in its query", f.ask(http.MethodGet, "/api/tasks?token="+token), 401)
	want(t, "HEAD of the link", f.ask(http.MethodHead, "/?token="+token), 401)
	want(t, "the link by a rebound name", f.ask(http.MethodGet, "/?token="+token, called("evil.example")), 421)
	want(t, "the link followed on another site", f.ask(http.MethodGet, "/?token="+token, with("Sec-Fetch-Site", "cross-site")), 403)
	other := *cookie
	other.Name = "admin_session_9999"
	want(t, "the cookie of another port", f.ask(http.MethodGet, "/", carrying(&other)), 401)
	if log := f.log.String(); strings.Contains(log, token) || strings.Contains(log, cookie.Value) {
		t.Errorf("the log is %s; want no secret in it", log)
	}
}

func TestOverTLSTheCookieIsSecure(t *testing.T) {
	t.Parallel()

	https := func(r *http.Request) { r.TLS = new(tls.ConnectionState) }
	f := build(t)
	cookie := login(f, https)
	if cookie.Name != "__Host-admin_session_8081" || !cookie.Secure {
		t.Errorf("the link sets %v; want a secure __Host- cookie", cookie)
	}
	answer := f.ask(http.MethodGet, "/", https, carrying(cookie))
	want(t, "GET /", answer, 200)
	if got := answer.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q; want a year", got)
	}
}

func TestACookieAloneChangesNothing(t *testing.T) {
	t.Parallel()

	f := build(t)
	cookie := carrying(login(f))
	refused := map[string][]func(*http.Request){
		"neither Sec-Fetch-Site nor Origin": {},
		"another port of the host":          {with("Origin", "http://127.0.0.1:3000")},
		"another port, as browsers tell it": {with("Origin", "http://127.0.0.1:3000"), with("Sec-Fetch-Site", "same-site")},
		"another site":                      {with("Sec-Fetch-Site", "cross-site")},
		"a sandbox":                         {with("Origin", "null")},
	}
	change := func(change ...func(*http.Request)) *http.Response {
		return f.ask(http.MethodPut, "/api/log/level", append(change, cookie, sending(`{"level":"debug"}`))...)
	}
	for name, headers := range refused {
		want(t, name, change(headers...), 403)
	}
	for name, headers := range refused {
		if name != "neither Sec-Fetch-Site nor Origin" {
			want(t, "GET, "+name, f.ask(http.MethodGet, "/api/tasks", append(headers, cookie)...), 403)
		}
	}
	if f.level.Level() != zapcore.InfoLevel {
		t.Errorf("the log level is %v; want no change", f.level)
	}
	want(t, "our page", change(with("Sec-Fetch-Site", "same-origin")), 200)
	want(t, "our page in an old browser", change(with("Origin", "http://"+host)), 200)
}

func TestASessionLastsEightHours(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		f := build(t)
		cookie := carrying(login(f))
		time.Sleep(8*time.Hour - time.Second)
		want(t, "GET / before", f.ask(http.MethodGet, "/", cookie), 200)
		time.Sleep(time.Second)
		want(t, "GET / after", f.ask(http.MethodGet, "/", cookie), 401)
	})
}

func TestTheOldestSessionEndsWhereThereAreTooMany(t *testing.T) {
	t.Parallel()

	f := build(t)
	first, second := carrying(login(f)), carrying(login(f))
	for range 62 {
		login(f)
	}
	want(t, "the first of 64", f.ask(http.MethodGet, "/", first), 200)
	login(f)
	want(t, "the first of 65", f.ask(http.MethodGet, "/", first), 401)
	want(t, "the second of 65", f.ask(http.MethodGet, "/", second), 200)
}

func TestGuessingIsLimitedByAddress(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		f := build(t)
		cookie := carrying(login(f))
		for range 1000 {
			want(t, "no token", f.ask(http.MethodGet, "/api/tasks"), 401) // is no guess
		}
		count := map[int]int{}
		for i := range 1000 {
			if i%2 == 0 {
				count[f.ask(http.MethodGet, "/api/tasks", bearer("wrong")).StatusCode]++
			} else {
				count[f.ask(http.MethodGet, "/?token=wrong").StatusCode]++
			}
		}
		if count[401] != 10 || count[429] != 990 {
			t.Errorf("1000 guesses: statuses %v; want 10 times 401, then 429", count)
		}
		time.Sleep(59500 * time.Millisecond)
		answer := f.ask(http.MethodGet, "/api/tasks", bearer(token))
		want(t, "the right token after too many wrong ones", answer, 429)
		if got := answer.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After is %q; want the second that is left", got)
		}
		want(t, "a session", f.ask(http.MethodGet, "/api/tasks", cookie), 200)
		want(t, "another address", f.ask(http.MethodGet, "/api/tasks", bearer(token), from("127.0.0.2:1")), 200)
		want(t, "a probe", f.ask(http.MethodGet, "/livez", bearer("wrong")), 200)
		time.Sleep(500 * time.Millisecond)
		want(t, "the right token a minute later", f.ask(http.MethodGet, "/api/tasks", bearer(token)), 200)
		if n := strings.Count(f.log.String(), "a wrong token was shown"); n != 10 {
			t.Errorf("the log tells of %d wrong tokens; want the 10 that were looked at", n)
		}
	})
}

func TestAddressesAreCountedTogetherWhereOneClientHasMany(t *testing.T) {
	t.Parallel()

	t.Run("a network of IPv6", func(t *testing.T) {
		t.Parallel()

		f := build(t)
		for i := range 10 {
			want(t, "guess", f.ask(http.MethodGet, "/", bearer("wrong"), from(fmt.Sprintf("[2001:db8::%x]:1", i))), 401)
		}
		want(t, "the same network", f.ask(http.MethodGet, "/", bearer(token), from("[2001:db8::ffff:1]:1")), 429)
		want(t, "another network", f.ask(http.MethodGet, "/", bearer(token), from("[2001:db8:0:1::1]:1")), 200)
	})
	t.Run("more addresses than are counted one by one", func(t *testing.T) {
		t.Parallel()

		synctest.Test(t, func(t *testing.T) {
			f := build(t)
			for i := range 1024 {
				f.ask(http.MethodGet, "/", bearer("wrong"), from(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256)))
			}
			for i := range 10 {
				want(t, "a new address", f.ask(http.MethodGet, "/", bearer("wrong"), from(fmt.Sprintf("10.1.0.%d:1", i))), 401)
			}
			want(t, "one more new address", f.ask(http.MethodGet, "/", bearer("wrong"), from("10.1.1.1:1")), 429)
			want(t, "a known address", f.ask(http.MethodGet, "/", bearer(token), from("10.0.0.7:1")), 200)
			time.Sleep(time.Minute)
			want(t, "a new address a minute later", f.ask(http.MethodGet, "/", bearer(token), from("10.1.1.1:1")), 200)
		})
	})
	t.Run("a Unix socket", func(t *testing.T) {
		t.Parallel()

		f := build(t)
		for range 10 {
			want(t, "guess", f.ask(http.MethodGet, "/", bearer("wrong"), from("@")), 401)
		}
		want(t, "the next", f.ask(http.MethodGet, "/", bearer(token), from("@")), 429)
	})
}
