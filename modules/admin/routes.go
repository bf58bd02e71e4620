package admin

import (
	"crypto/rand"
	"net/http"
	"net/http/pprof"

	"example.com/ostov/health"
)

// route is one thing that the server does, and for whom.
type route struct {
	method string // GET answers HEAD too, and changes nothing
	path   string // as http.ServeMux has it
	access access
	handle http.HandlerFunc
}

// table returns all that the server does: what is not in it is not served.
func (s *Server) table() []route {
	table := []route{
		{http.MethodGet, "/livez", everybody, s.probe(health.Live)},
		{http.MethodGet, "/readyz", everybody, s.probe(health.Ready)},
		{http.MethodGet, "/startupz", everybody, s.probe(health.Startup)},
		{http.MethodGet, "/metrics", scrapers, s.metrics()},

		{http.MethodGet, "/{$}", operators, s.home},
		{http.MethodGet, "/page/{file}", everybody, pageFile}, // the login needs some of them; none has a secret
		{http.MethodGet, "/api/{$}", operators, s.index},
		{http.MethodGet, "/api/events", operators, s.events},
		{http.MethodGet, "/api/log", operators, s.log},
		{http.MethodGet, "/api/log/level", operators, s.level},
		{http.MethodPut, "/api/log/level", operators, s.setLevel},
		{http.MethodPost, "/api/tasks/run", operators, s.run},

		{http.MethodGet, "/debug/pprof/", operators, pprof.Index}, // and each profile; cmdline, which may hold secrets, is none
		{http.MethodGet, "/debug/pprof/profile", operators, pprof.Profile},
		{http.MethodGet, "/debug/pprof/symbol", operators, pprof.Symbol},
		{http.MethodGet, "/debug/pprof/trace", operators, pprof.Trace},
	}
	for _, t := range s.topics() {
		table = append(table, route{http.MethodGet, "/api/" + t.name, operators, t.handle})
	}
	return table
}

func (s *Server) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, q *http.Request) {
			if s.guard.admit(w, q, r.access) {
				r.handle(w, q)
			}
		})
	}
	return mux
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), rand.Text(), r.TLS != nil)
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if _, pattern := s.mux.Handler(r); pattern == "" {
		w = unmatched{w}
	}
	s.mux.ServeHTTP(w, r)
}

// unmatched makes a problem of what the mux says of a request without a route.
type unmatched struct{ http.ResponseWriter }

func (w unmatched) WriteHeader(status int) {
	if status < http.StatusBadRequest { // it leads to a cleaner path, which has no route either
		w.ResponseWriter.WriteHeader(status)
		return
	}
	refuse(w.ResponseWriter, status, "")
}

func (w unmatched) Write(p []byte) (int, error) { return len(p), nil }

// home is the page. Where it is asked by link, a session begins.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	if isLink(r) {
		s.guard.sessions.add(w, r)
		http.Redirect(w, r, "/", http.StatusSeeOther) // away from the token
		return
	}
	sendFile(w, http.StatusOK, "index.html")
}

// index names the routes.
func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	var routes []string
	for _, route := range s.table() {
		routes = append(routes, route.method+" "+route.path)
	}
	answer(w, map[string]any{"routes": routes})
}
