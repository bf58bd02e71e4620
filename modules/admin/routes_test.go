package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/dispatcher"
)

// concrete returns a path that the pattern of a row matches.
func concrete(row admin.Row) string {
	switch path := strings.TrimSuffix(row.Path, "{$}"); path {
	case "/debug/pprof/trace":
		return path + "?seconds=0.001"
	case "/page/{file}":
		return "/page/page.css"
	default:
		return path
	}
}

// body is what a row that changes something takes.
func body(row admin.Row) func(*http.Request) {
	if row.Method == http.MethodGet {
		return func(*http.Request) {}
	}
	if row.Path == "/api/tasks/run" {
		return sending(`{"name":"mailer"}`)
	}
	return sending(`{"level":"error"}`)
}

func TestEveryRouteRefusesWhoMayNotCallIt(t *testing.T) {
	t.Parallel()

	attacks := []struct {
		name     string
		change   []func(*http.Request)
		operator int // the status of operators' routes
		scraper  int // of /metrics on a loopback address
	}{
		{"no token", nil, 401, 200},
		{"wrong token", []func(*http.Request){bearer("wrong")}, 401, 200},
		{"empty token", []func(*http.Request){bearer("")}, 401, 200},
		{"the right token of another scheme", []func(*http.Request){with("Authorization", "Basic "+token)}, 401, 200},
		{"made up session", []func(*http.Request){with("Cookie", "admin_session_8081="+token)}, 401, 200},
		{"the Host of a rebound name", []func(*http.Request){bearer(token), called("evil.example:8081")}, 421, 421},
		{"a Host that begins as ours", []func(*http.Request){bearer(token), called("127.0.0.1.evil.example:8081")}, 421, 421},
		{"no Host", []func(*http.Request){bearer(token), called("")}, 421, 421},
		{"another IP address as Host", []func(*http.Request){bearer(token), called("192.0.2.7:8081")}, 421, 200},
		{"the forwarded Host of a known name", []func(*http.Request){bearer(token), called("evil.example"), with("X-Forwarded-Host", host)}, 421, 421},
		{"another Origin", []func(*http.Request){bearer(token), with("Origin", "http://evil.example")}, 403, 403},
		{"the Origin of another port", []func(*http.Request){bearer(token), with("Origin", "http://127.0.0.1:3000")}, 403, 403},
		{"no Origin to tell", []func(*http.Request){bearer(token), with("Origin", "null")}, 403, 403},
		{"a page of another site", []func(*http.Request){bearer(token), with("Sec-Fetch-Site", "cross-site")}, 403, 403},
		{"a page of the same site", []func(*http.Request){bearer(token), with("Sec-Fetch-Site", "same-site")}, 403, 403},
		{"a page of the same site with our Origin", []func(*http.Request){bearer(token), with("Sec-Fetch-Site", "same-site"), with("Origin", "http://"+host)}, 403, 403},
		{"a WebSocket of a page of another site", []func(*http.Request){bearer(token), with("Origin", "http://evil.example"), with("Connection", "Upgrade"), with("Upgrade", "websocket")}, 403, 403},
	}
	f := build(t)
	clients := 0
	for _, row := range f.Table() {
		for _, attack := range attacks {
			clients++
			change := append([]func(*http.Request){body(row), cancelled, from(fmt.Sprintf("127.0.%d.%d:1", clients/256, clients%256))}, attack.change...)
			status := map[string]int{"everybody": 200, "scrapers": attack.scraper, "operators": attack.operator}[row.Access]
			want(t, row.Method+" "+row.Path+", "+attack.name, f.ask(row.Method, concrete(row), change...), status)
		}
	}
	if f.level.Level() != zapcore.InfoLevel {
		t.Errorf("the log level is %v; want no change by any of these", f.level)
	}
	for _, row := range f.Table() {
		if row.Method != http.MethodGet {
			continue
		}
		want(t, "PUT with a query instead of a body", f.ask(http.MethodGet, concrete(row)+"?level=error", bearer(token), cancelled), 200)
	}
	if f.level.Level() != zapcore.InfoLevel {
		t.Errorf("the log level is %v; want no change by GET", f.level)
	}
}

// cancelled is a client that left, for whom no stream goes on and nobody takes a profile of seconds.
func cancelled(r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	*r = *r.WithContext(ctx)
}

func TestEveryRouteAnswersAnOperator(t *testing.T) { // not parallel: one CPU profile at a time
	f := build(t, withTasks(t, dispatcher.Service{Name: "mailer", Run: func(context.Context) error { return nil }}))
	rows := f.Table()
	for _, row := range rows {
		answer := f.ask(row.Method, concrete(row), body(row), bearer(token), cancelled)
		want(t, row.Method+" "+row.Path, answer, 200)
		headers(t, row.Path, answer)
		if row.Method == http.MethodGet {
			want(t, "HEAD "+row.Path, f.ask(http.MethodHead, concrete(row), bearer(token), cancelled), 200)
		}
	}
	want(t, "GET /debug/pprof/heap", f.ask(http.MethodGet, "/debug/pprof/heap", bearer(token)), 200)
	want(t, "GET /debug/pprof/heap", f.ask(http.MethodGet, "/debug/pprof/heap"), 401)
	want(t, "GET /debug/pprof/cmdline", f.ask(http.MethodGet, "/debug/pprof/cmdline", bearer(token)), 404)
	if index := want(t, "GET /api/", f.ask(http.MethodGet, "/api/", bearer(token)), 200); strings.Count(index, "/") != strings.Count(fmt.Sprint(rows), "/") {
		t.Errorf("GET /api/ = %s; want all routes", index)
	}
}

// headers fails the test where an answer lacks what every answer says.
func headers(t *testing.T, what string, answer *http.Response) {
	t.Helper()
	for name, value := range map[string]string{
		"Cache-Control":             "no-store",
		"Content-Security-Policy":   "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"Referrer-Policy":           "no-referrer",
		"X-Content-Type-Options":    "nosniff",
		"X-Frame-Options":           "DENY",
		"X-XSS-Protection":          "",
		"Server":                    "",
		"Strict-Transport-Security": "",
	} {
		if got := answer.Header.Get(name); got != value {
			t.Errorf("%s: %s is %q; want %q", what, name, got, value)
		}
	}
	if answer.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", what)
	}
}

func TestWhatIsNotServedIsAProblem(t *testing.T) {
	t.Parallel()

	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, "/api/nothing", 404, ""},
		{http.MethodGet, "/favicon.ico", 404, ""},
		{http.MethodGet, "/debug/vars", 404, ""},
		{http.MethodPost, "/livez", 405, "GET, HEAD"},
		{http.MethodDelete, "/", 405, "GET, HEAD"},
		{http.MethodPost, "/api/log/level", 405, "GET, HEAD, PUT"},
		{http.MethodOptions, "/api/log/level", 405, "GET, HEAD, PUT"},
		{http.MethodPost, "/debug/pprof/symbol", 405, "GET, HEAD"},
		{http.MethodGet, "/api/tasks", 401, ""},
	}
	f := build(t)
	for _, tt := range tests {
		answer := f.ask(tt.method, tt.path, with("X-Request-Id", "of the client"))
		var problem struct {
			Type, Title string
			Status      int
			RequestID   string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(want(t, tt.method+" "+tt.path, answer, tt.status)), &problem); err != nil ||
			problem.Type != "about:blank" || problem.Title != http.StatusText(tt.status) || problem.Status != tt.status ||
			problem.RequestID == "" || problem.RequestID != answer.Header.Get("X-Request-Id") {
			t.Errorf("%s %s says %+v, %v; want its problem", tt.method, tt.path, problem, err)
		}
		allow := strings.Split(answer.Header.Get("Allow"), ", ")
		slices.Sort(allow)
		if got := strings.Join(allow, ", "); got != tt.allow || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: Allow %q, Content-Type %q; want %q and a problem", tt.method, tt.path, got, answer.Header.Get("Content-Type"), tt.allow)
		}
		headers(t, tt.path, answer)
	}
}

func TestARedirectNeverLeavesTheServer(t *testing.T) {
	t.Parallel()

	f := build(t)
	for _, path := range []string{"//evil.example", "/api//lifecycle", "/livez/..", "/debug/pprof", "/nothing//here"} {
		answer := f.ask(http.MethodGet, path, bearer(token))
		if body := want(t, "GET "+path, answer, http.StatusTemporaryRedirect); strings.Contains(body, "about:blank") {
			t.Errorf("GET %s = %s; want no problem with a redirect", path, body)
		}
		if to := answer.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://") {
			t.Errorf("GET %s leads to %q; want a path", path, to)
		}
		headers(t, path, answer)
	}
}
