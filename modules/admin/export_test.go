package admin

// Row is a route, for the tests that ask each of them.
type Row struct {
	Method, Path string
	Access       string // who may call it
}

// Table returns the routes that s serves.
func (s *Server) Table() []Row {
	names := map[access]string{operators: "operators", scrapers: "scrapers", everybody: "everybody"}
	var rows []Row
	for _, r := range s.table() {
		rows = append(rows, Row{r.method, r.path, names[r.access]})
	}
	return rows
}

// Params returns what s was made of.
func (s *Server) Params() Params { return s.given }
