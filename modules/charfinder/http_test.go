package charfinder_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"golang.org/x/net/html"

	"example.com/ostov/modules/charfinder"
	httpserver "example.com/ostov/modules/http"
)

// newSite returns a server of the routes of a new finder.
func newSite(tb testing.TB) http.Handler {
	tb.Helper()
	routes, err := charfinder.NewRoutes(newFinder(), zap.NewNop())
	if err != nil {
		tb.Fatal(err)
	}
	site, err := httpserver.New(httpserver.Params{Config: httpserver.DefaultConfig(), Log: zap.NewNop(), Routes: routes})
	if err != nil {
		tb.Fatal(err)
	}
	return site.Server
}

func get(tb testing.TB, site http.Handler, target string) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil))
	return w
}

// page is what a browser makes of the page.
type page struct {
	title, action, query, submit, message string
	examples                              []string // the markup of each link
	examplesText                          string
	rows                                  [][]string // the text of each row's cells
	scripts                               int
}

// readPage returns the page at target.
func readPage(t *testing.T, site http.Handler, target string) page {
	t.Helper()
	w := get(t, site, target)
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "text/html; charset=UTF-8" {
		t.Fatalf("GET %s: status %d, type %q; want 200 and text/html; charset=UTF-8", target, w.Code, got)
	}
	doc, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	for n := range doc.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "title":
			p.title = text(n)
		case n.Data == "form":
			p.action = attr(n, "action")
		case n.Data == "input" && attr(n, "type") == "submit":
			p.submit = attr(n, "value")
		case n.Data == "input" && attr(n, "type") == "search" && attr(n, "name") == "query":
			p.query = attr(n, "value")
		case attr(n, "role") == "status":
			p.message = text(n)
		case n.Data == "a":
			var b strings.Builder
			if err := html.Render(&b, n); err != nil {
				t.Fatal(err)
			}
			p.examples = append(p.examples, b.String())
			p.examplesText = text(n.Parent)
		case n.Data == "script":
			p.scripts++
		case n.Data == "tr":
			var cells []string
			for cell := range n.ChildNodes() {
				cells = append(cells, cell.Data+" "+text(cell))
			}
			p.rows = append(p.rows, cells)
		}
	}
	return p
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Contract B125, B126.
func TestPageWithoutQuery(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	for _, target := range []string{"/", "/?query=", "/?query=%20%09%1C%C2%A0", "/?other=rook", "/?query=&query=rook"} {
		p := readPage(t, site, target)
		if p.query != "" || p.message != "Enter words describing characters." || len(p.rows) != 0 {
			t.Errorf("GET %s: query %q, message %q, %d rows; want a question and no row", target, p.query, p.message, len(p.rows))
		}
	}
}

// Contract B126.
func TestPageOfAQuery(t *testing.T) {
	t.Parallel()

	p := readPage(t, newSite(t), "/?query=+sign+Registered%0A&query=rook")
	if p.title != "Charfinder" || p.action != "/" || p.submit != "find" {
		t.Errorf("title %q, form to %q with button %q; want Charfinder, / and find", p.title, p.action, p.submit)
	}
	if p.query != "sign Registered" {
		t.Errorf("the input holds %q; want the first query without the spaces around it", p.query)
	}
	if want := "1 match for 'sign Registered'"; p.message != want {
		t.Errorf("message %q; want %q", p.message, want)
	}
	if got, want := fmt.Sprintf("%q", p.rows), `[["td U+00AE" "th ®" "td REGISTERED SIGN"]]`; got != want {
		t.Errorf("rows %s; want %s", got, want)
	}
	if p.scripts != 0 {
		t.Errorf("%d scripts; want none", p.scripts)
	}
}

// Contract B126.
func TestPageLinksToExamples(t *testing.T) {
	t.Parallel()

	words := strings.Fields("bismillah black Braille cat chess circled digit dot Ethiopic face hexagram Malayalam mark operator Roman symbol")
	var links []string
	for _, word := range words {
		links = append(links, fmt.Sprintf(`<a href="/?query=%[1]s" title="find &#34;%[1]s&#34;">%[1]s</a>`, word))
	}
	site := newSite(t)
	p := readPage(t, site, "/")
	if !slices.Equal(p.examples, links) {
		t.Errorf("links:\n%s\nwant\n%s", strings.Join(p.examples, "\n"), strings.Join(links, "\n"))
	}
	if want := "Examples: " + strings.Join(words, ", "); p.examplesText != want {
		t.Errorf("text around the links %q; want %q", p.examplesText, want)
	}
	for _, word := range words {
		if p := readPage(t, site, "/?query="+word); len(p.rows) == 0 {
			t.Errorf("the example %s finds nothing", word)
		}
	}
}

// Contract B126.
func TestPageHasTheBytesOfItsRows(t *testing.T) {
	t.Parallel()

	body := get(t, newSite(t), "/?query=black+chess+rook+rotated").Body.String()
	for _, want := range []string{
		"<tr><td>U+1FA11</td><th>🨑</th><td>BLACK CHESS ROOK ROTATED NINETY DEGREES</td></tr>\n" +
			"<tr><td>U+1FA3B</td><th>🨻</th><td>BLACK CHESS ROOK ROTATED TWO HUNDRED SEVENTY DEGREES</td></tr>\n",
		`<a href="/?query=bismillah" title="find &quot;bismillah&quot;">bismillah</a>, <a href`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page\n%s\nhas not\n%s", body, want)
		}
	}
}

// Contract B126.
func TestPageHasTheRowsOfTheLineProtocol(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	for _, query := range []string{"rook", "chess", "letter", "hangul syllable", "sign"} {
		lines, err := answer(t, query)
		if err != nil {
			t.Fatal(err)
		}
		var rows strings.Builder
		p := readPage(t, site, "/?query="+url.QueryEscape(query))
		for _, row := range p.rows {
			fmt.Fprintf(&rows, "%-7s\t%s\t%s\r\n", strings.TrimPrefix(row[0], "td "), strings.TrimPrefix(row[1], "th "), strings.TrimPrefix(row[2], "td "))
		}
		if got := rows.String() + p.message + "\r\n?> "; got != lines {
			t.Errorf("the page of %q has %d rows; want those of the line protocol, %d", query, len(p.rows), strings.Count(lines, "\n")-1)
		}
	}
}

// Contract B127.
func TestPageShowsMarkupAsText(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	queries := []string{
		`<script>alert(1)</script>`,
		`"><script>alert(1)</script>`,
		`'"><img src=x onerror=alert(1)>`,
		`</title></form></table><b>`,
		`{{.}} ${1} &amp; &lt; & < > " '`,
		`javascript:alert(1)`,
		"\u202e\u200b\x7f",
	}
	for _, query := range queries {
		p := readPage(t, site, "/?query="+url.QueryEscape(query))
		if p.query != query {
			t.Errorf("the input holds %q; want %q", p.query, query)
		}
		if want := "No match for " + charfinder.Quote(query); p.message != want {
			t.Errorf("message %q; want %q", p.message, want)
		}
		if p.scripts != 0 || len(p.rows) != 0 {
			t.Errorf("%q makes %d scripts and %d rows", query, p.scripts, len(p.rows))
		}
	}

	cells := map[string]string{
		"less-than sign": "td U+003C,th <,td LESS-THAN SIGN",
		"ampersand":      "td U+0026,th &,td AMPERSAND",
		"quotation mark": `td U+0022,th ",td QUOTATION MARK`,
		"apostrophe":     "td U+0027,th ',td APOSTROPHE",
		"plus sign":      "td U+002B,th +,td PLUS SIGN",
	}
	for query, want := range cells {
		p := readPage(t, site, "/?query="+url.QueryEscape(query))
		if got := strings.Join(p.rows[0], ","); got != want {
			t.Errorf("first row of %q: %s; want %s", query, got, want)
		}
	}
}

// Contract B127.
func TestPageReplacesInvalidText(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	for _, target := range []string{"/?query=%FFrook%C3", "/?query=%ED%A0%80"} {
		p := readPage(t, site, target)
		if !strings.Contains(p.query, "\uFFFD") || !strings.Contains(p.message, "\uFFFD") {
			t.Errorf("GET %s: query %q, message %q; want U+FFFD for what is not UTF-8", target, p.query, p.message)
		}
	}
	for _, target := range []string{"/?query=%", "/?query=%zz", "/?%ff=%ff;", "/?query=%00"} {
		readPage(t, site, target) // is a page, whatever it says
	}
}

// The page may be served under a policy that allows our own sources only and
// nothing inline.
func TestPageLoadsItsOwnOnly(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	doc, err := html.Parse(get(t, site, "/?query=rook").Body)
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s %s=%q> is inline", n.Data, a.Key, a.Val)
			case a.Key == "href" || a.Key == "src" || a.Key == "action":
				if !strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//") {
					t.Errorf("<%s %s=%q> is not ours", n.Data, a.Key, a.Val)
				}
			}
		}
		if n.Data == "link" {
			if w := get(t, site, attr(n, "href")); w.Code != http.StatusOK || w.Body.Len() == 0 {
				t.Errorf("GET %s: status %d, %d bytes; want what the page loads", attr(n, "href"), w.Code, w.Body.Len())
			}
		}
	}
	if got := get(t, site, "/charfinder.css").Header().Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Errorf("style sheet of type %q; want text/css", got)
	}
	if got := get(t, site, "/charfinder.svg").Header().Get("Content-Type"); got != "image/svg+xml" {
		t.Errorf("icon of type %q; want image/svg+xml", got)
	}
}

func TestChars(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name, target, want string
	}{
		{
			"first of many", "/api/chars?query=rook+black&limit=1",
			`{"query":"rook black","total":5,"offset":0,"limit":1,"items":[{"code":"U+265C","char":"♜","name":"BLACK CHESS ROOK"}]}`,
		},
		{
			"second of many", "/api/chars?query=rook+black&offset=1&limit=1",
			`{"query":"rook black","total":5,"offset":1,"limit":1,"items":[{"code":"U+1FA11","char":"🨑","name":"BLACK CHESS ROOK ROTATED NINETY DEGREES"}]}`,
		},
		{
			"all of one, with the default limit", "/api/chars?query=%20registered%20",
			`{"query":"registered","total":1,"offset":0,"limit":100,"items":[{"code":"U+00AE","char":"®","name":"REGISTERED SIGN"}]}`,
		},
		{
			"only the number", "/api/chars?query=chess&limit=0",
			`{"query":"chess","total":96,"offset":0,"limit":0,"items":[]}`,
		},
		{
			"after the last", "/api/chars?query=chess&offset=9000000000",
			`{"query":"chess","total":96,"offset":9000000000,"limit":100,"items":[]}`,
		},
		{
			"no match", "/api/chars?query=qwertyuiop",
			`{"query":"qwertyuiop","total":0,"offset":0,"limit":100,"items":[]}`,
		},
		{
			"no query", "/api/chars",
			`{"query":"","total":0,"offset":0,"limit":100,"items":[]}`,
		},
		{
			"not UTF-8", "/api/chars?query=%FF",
			`{"query":"` + "\uFFFD" + `","total":0,"offset":0,"limit":100,"items":[]}`,
		},
	}
	site := newSite(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			w := get(t, site, tt.target)
			if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != tt.want {
				t.Errorf("GET %s = %d\n%s\nwant 200\n%s", tt.target, w.Code, got, tt.want)
			}
		})
	}
}

func TestCharsLimits(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	for query, want := range map[string]int{"": 100, "&limit=1": 1, "&limit=1000": 1000, "&offset=10800&limit=1000": 59} {
		var answer struct{ Items []charfinder.Char }
		w := get(t, site, "/api/chars?query=letter"+query)
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Items) != want {
			t.Errorf("GET /api/chars?query=letter%s: %d items, error %v; want %d", query, len(answer.Items), err, want)
		}
	}
}

func TestCharsRefusesWhatIsOutOfRange(t *testing.T) {
	t.Parallel()

	site := newSite(t)
	for parameter, want := range map[string]string{
		"limit=-1":   `"field":"query.limit","message":"expected a whole number from 0 to 1000"`,
		"limit=1001": `"field":"query.limit","message":"expected a whole number from 0 to 1000"`,
		"offset=-1":  `"field":"query.offset","message":"expected a whole number, 0 or more"`,
	} {
		w := get(t, site, "/api/chars?query=chess&"+parameter)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d, %s; want 422 that says %q", parameter, w.Code, w.Body, want)
		}
	}
}

// The page of many rows: the time and bytes of one.
func BenchmarkPage(b *testing.B) {
	site := newSite(b)
	for _, query := range []string{"rook", "letter", "cjk unified ideograph"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				w := get(b, site, "/?query="+url.QueryEscape(query))
				b.ReportMetric(float64(w.Body.Len()), "bytes")
			}
		})
	}
}
