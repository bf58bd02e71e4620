//go:build unix

package faults

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/ostov/internal/load"
)

func TestPanicsUnderLoadAreTheirRequestsOwn(t *testing.T) {
	t.Parallel()

	const panics = 200
	p := launch(t)
	good := background(t.Context(), load.Load{Address: p.http, Path: "/hello", Clients: 9}.Run)
	p.await("hello", 1)
	bad := load.Load{Address: p.http, Path: "/panic", Count: panics}.Run(t.Context())
	late := load.Load{Address: p.http, Path: "/panic/late", Count: panics}.Run(t.Context())
	if r := good(); r.Failed()+r.Refused > 0 || r.Statuses[http.StatusOK] != r.Answered() {
		t.Errorf("beside panics: %v; want 200 for all", r)
	}
	if bad.Statuses[http.StatusInternalServerError] != panics {
		t.Errorf("panics: %v; want %d answers 500", bad, panics)
	}
	if late.Truncated != panics {
		t.Errorf("panics after the header: %v; want %d answers that are visibly not whole", late, panics)
	}
	status, problem := p.get("/panic")
	if status != http.StatusInternalServerError || !strings.Contains(problem, `"request_id":"`) || strings.Contains(problem, "command") {
		t.Errorf("GET /panic = %d %s; want 500 with a request id and without the panic", status, problem)
	}
	p.stop()
	if n := strings.Count(p.stderr.String(), "program_test.go:"); n < 2*panics+1 {
		t.Errorf("the log has %d stacks; want one for each of %d panics", n, 2*panics+1)
	}
}

func TestClientsThatLeaveCancelTheirHandlers(t *testing.T) {
	t.Parallel()

	const leavers, at = 1000, 100
	p := launch(t)
	for range leavers / at {
		var clients []net.Conn
		for range at {
			clients = append(clients, p.ask("/patient"))
		}
		p.await("patient", at)
		for _, c := range clients {
			_ = c.Close()
		}
		p.awaitCount("patient", 0, 0)
	}
	p.stop()
	told := p.stderr.String()
	if n := strings.Count(told, `"status":499`); n != leavers {
		t.Errorf("the log has %d records of clients that left; want %d", n, leavers)
	}
	if strings.Contains(told, `"error"`) || strings.Contains(told, `"level":"warn"`) {
		t.Errorf("a client that left is logged as a fault")
	}
}

func TestConnectionsOverTheLimitAreAnsweredAtOnce(t *testing.T) {
	t.Parallel()

	const limit = 50
	p := launch(t, fmt.Sprint("http.max_connections=", limit), "http.read_header_timeout=1m")
	var silent []net.Conn
	for range limit {
		silent = append(silent, p.dial(p.http))
	}
	// One by one: a client that waited for a place would wait for a minute.
	over := load.Load{Address: p.http, Path: "/hello", Count: 200}.Run(t.Context())
	if over.Statuses[http.StatusServiceUnavailable] != 200 || over.Percentile(1) > 20*time.Second {
		t.Errorf("over the limit: %v, at most %v; want 200 answers 503 at once", over, over.Percentile(1))
	}
	// More at a time than are answered: the rest are closed, none is left waiting.
	crowd := load.Load{Address: p.http, Path: "/hello", Clients: 300, Count: 600}.Run(t.Context())
	if crowd.Answered()+crowd.Failed()+crowd.LostQuiet != 600 || crowd.Percentile(1) > 20*time.Second {
		t.Errorf("far over the limit: %v, at most %v; want all answered or closed at once", crowd, crowd.Percentile(1))
	}
	for _, c := range silent {
		_ = c.Close()
	}
	for { // until their ends are noticed
		if r, _, err := answered(p.ask("/hello")); err == nil && r.StatusCode == http.StatusOK {
			break
		}
	}
	p.stop()
}

func TestGzipBombIsRefusedByWhatComesOutOfIt(t *testing.T) {
	t.Parallel()

	packed := func(size int) []byte {
		var b bytes.Buffer
		gz := gzip.NewWriter(&b)
		if _, err := gz.Write(make([]byte, size)); err != nil || gz.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	small, bomb := packed(100_000), bytes.Repeat(packed(1<<20), 512) // parts in a row are one whole
	p := launch(t, "http.decompress=true")
	post := func(body []byte) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/body", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Encoding", "gzip")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(text)
	}
	if status, body := post(small); status != http.StatusOK || body != "100000" {
		t.Errorf("100000 bytes in gzip = %d %s; want 200 100000", status, body)
	}
	before := p.memory()
	if status, body := post(bomb); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a gzip bomb = %d %s; want 413", status, body)
	}
	if grown := p.memory() - before; grown > 64<<20 {
		t.Errorf("a gzip bomb took %d bytes of memory", grown)
	}
	for _, broken := range [][]byte{[]byte("no gzip at all"), small[:50]} {
		if status, body := post(broken); status != http.StatusBadRequest {
			t.Errorf("%q as gzip = %d %s; want 400", broken, status, body)
		}
	}
	p.stop()
	http.DefaultClient.CloseIdleConnections()
}

// memory returns the most that was resident so far; 0 where that is not told.
func (p *process) memory() (bytes int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		if runtime.GOOS == "linux" {
			p.t.Fatal(err)
		}
		return 0
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(peak, &bytes); err != nil {
		p.t.Fatal(err)
	}
	return bytes << 10
}

func TestMultipartLeavesNoFiles(t *testing.T) {
	t.Parallel()

	p := launch(t, "http.max_body_bytes=40000000")
	form := func(parts, size int, end bool) (io.Reader, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for range parts {
			part, err := w.CreateFormFile("file", "name")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = part.Write(make([]byte, size))
		}
		if end {
			_ = w.Close()
		}
		return &b, w.FormDataContentType()
	}
	tests := []struct {
		name        string
		parts, size int
		end         bool
		want        int
	}{
		{name: "a file on disk", parts: 1, size: 35_000_000, end: true, want: http.StatusOK},
		{name: "over the limit", parts: 1, size: 40_000_000, end: true, want: http.StatusRequestEntityTooLarge},
		{name: "10,000 parts", parts: 10_000, size: 1, end: true, want: http.StatusBadRequest},
		{name: "no end", parts: 1, size: 35_000_000, want: http.StatusBadRequest},
	}
	for _, tt := range tests {
		body, kind := form(tt.parts, tt.size, tt.end)
		r, err := http.Post(p.url+"/upload", kind, body)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != tt.want {
			t.Errorf("%s: %d %.200s; want %d", tt.name, r.StatusCode, text, tt.want)
		}
		if left, err := filepath.Glob(filepath.Join(p.dir, "multipart-*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %q, %v; want no temporary file", tt.name, left, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	p.stop()
}

func TestPathsDoNotEscape(t *testing.T) {
	t.Parallel()

	p := launch(t)
	if err := os.WriteFile(filepath.Join(p.dir, "outside"), []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "files", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "files", "sub", "inside"), []byte("inside"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(path string) (*http.Response, string) {
		c := p.ask(path)
		defer c.Close()
		r, body, err := answered(c)
		if err != nil {
			t.Fatalf("GET %.100q: %v", path, err)
		}
		return r, body
	}
	if r, body := ask("/files/sub/inside"); r.StatusCode != http.StatusOK || body != "inside" {
		t.Fatalf("GET /files/sub/inside = %d %q; want the file", r.StatusCode, body)
	}

	ups := []string{"..", "%2e%2e", "%2E.", ".%2e", "..%00", "..;", "%252e%252e", "...", "..%5c", "%c0%ae%c0%ae"}
	slashes := []string{"/", "//", "%2f", "%2F", "%5c", "\\", "/./", "%252f"}
	var paths []string
	for _, up := range ups {
		for _, slash := range slashes {
			paths = append(paths, "/files/"+up+slash+"outside", "/files/sub"+slash+up+slash+up+slash+"outside", "/files"+slash+up+slash+"outside")
		}
	}
	for _, path := range append(paths, "/files/%00", "/files//etc/passwd", "/files/"+strings.Repeat("a/", 5000)) {
		if r, body := ask(path); strings.Contains(body, "outside") && r.StatusCode < 300 || strings.Contains(body, "root:") {
			t.Errorf("GET %.100q = %d %q; want nothing from outside the folder", path, r.StatusCode, body)
		}
	}

	hosts := []string{"/evil.example", "//evil.example", "/\\evil.example", "/%2fevil.example", "/%5cevil.example", "/%09/evil.example", "\\evil.example", "/.//evil.example", "/@evil.example", "/https:evil.example", "/%0d%0aLocation:%20//evil.example"}
	for _, prefix := range []string{"", "/slash", "/files", "/files/sub", "/slash/.."} {
		for _, host := range hosts {
			r, _ := ask("/" + strings.TrimPrefix(prefix+host, "/"))
			locations := r.Header["Location"]
			if len(locations) > 1 {
				t.Errorf("GET %q: Location %q; want at most one", prefix+host, locations)
			}
			for _, location := range locations {
				if u, err := url.Parse(strings.NewReplacer("\\", "/", "\t", "").Replace(location)); err != nil || u.Host != "" || u.Scheme != "" {
					t.Errorf("GET %q: Location %q, %v; want no other host", prefix+host, location, err)
				}
			}
		}
	}

	for _, path := range []string{"/admin/x", "/admin/", "/admin/../admin/x", "/admin//x", "//admin/x", "/./admin/x", "/%61dmin/x", "/admin%2fx", "/ADMIN/x", "/admin;/x", "/admin/%2e%2e/admin/x", "/files/../admin/x", "/admin\\x", "/admin%00/x", "/slash/../admin/x"} {
		if r, body := ask(path); r.StatusCode < 300 || strings.Contains(body, "secret") {
			t.Errorf("GET %q = %d %q; want the guard or nothing", path, r.StatusCode, body)
		}
	}
	p.stop()
}

func TestHeadersOfEveryKindOfAnswer(t *testing.T) {
	t.Parallel()

	p := launch(t)
	always := []string{
		"Content-Length", "Content-Security-Policy", "Content-Type", "Date", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "X-Request-Id",
	}
	tests := []struct {
		path   string
		status int
		also   []string // headers
	}{
		{path: "/hello", status: 200},
		{path: "/livez", status: 200, also: []string{"Cache-Control"}},
		{path: "/none", status: 404, also: []string{"Cache-Control"}},
		{path: "/admin/x", status: 403, also: []string{"Cache-Control"}},
		{path: "/panic", status: 500, also: []string{"Cache-Control"}},
		{path: "/body", status: 405, also: []string{"Allow", "Cache-Control"}},
		{path: "/slash/x", status: 302, also: []string{"Location"}},
	}
	for _, tt := range tests {
		r, _, err := answered(p.ask(tt.path))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name, values := range r.Header {
			got = append(got, name)
			if len(values) != 1 {
				t.Errorf("GET %s: %s has values %q; want one", tt.path, name, values)
			}
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(append(tt.also, always...)))
		if tt.status == http.StatusFound {
			want = slices.DeleteFunc(want, func(name string) bool { return name == "Content-Type" })
		}
		if r.StatusCode != tt.status || !slices.Equal(got, want) {
			t.Errorf("GET %s = %d with the headers\n%q; want %d with\n%q", tt.path, r.StatusCode, got, tt.status, want)
		}
	}
	p.stop()
}

func TestLinesUnderWayAreAnsweredWhenTheServerStops(t *testing.T) {
	t.Parallel()

	const idle, busy = 500, 200
	p := launch(t)
	sessions := make([]net.Conn, idle+busy)
	var opening sync.WaitGroup
	for i := range sessions {
		sessions[i] = p.dial(p.lines)
		if i >= idle {
			if _, err := io.WriteString(sessions[i], fmt.Sprintf("sleep 4s\nsecond %d\nhalf", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.await("lines", busy)
	p.terminate()
	for i, c := range sessions {
		want := "> "
		if i >= idle {
			want = fmt.Sprintf("> sleep 4s\nsecond %d\n", i)
		}
		opening.Go(func() {
			if got, err := io.ReadAll(c); err != nil || string(got) != want {
				t.Errorf("session %d ended with %q, %v; want %q", i, got, err, want)
			}
		})
	}
	opening.Wait()
	p.wantClean()
}
