package httpserver_test

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	httpserver "example.com/ostov/modules/http"
)

// exchangeRaw sends text, and nothing more, and returns the statuses and the
// last body of what comes back.
func exchangeRaw(t *testing.T, address, text string) (statuses []int, body string) {
	t.Helper()
	nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := nc.(*net.TCPConn)
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err == nil { // else the server has answered and closed already
		_ = c.CloseWrite()
	}
	for r := bufio.NewReader(c); ; {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				t.Errorf("%.200q: neither answered nor closed", text)
			}
			return statuses, body
		}
		all, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		statuses, body = append(statuses, answer.StatusCode), string(all)
	}
}

func TestMalformedRequestsNeverBreakTheServer(t *testing.T) {
	t.Parallel()

	k := start(t, get("/", hello), get("/words/:word", hello), post("/", func(c echo.Context) error {
		if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
			return err
		}
		return hello(c)
	}))
	seeds := []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /words/rook?x=%41&y HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-Request-Id: 1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HEAD http://a/ HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	pieces := []string{"\x00", "\r", "\n", "\r\n", "\t", " ", ":", "/", "..", "%2e%2e", "%00", "%zz", "?", "#", "\xff", "é", "-1", "99999999999999999999", "0x10", "chunked", "Host: b\r\n", "Content-Length: 6\r\n", strings.Repeat("A", 20_000)}
	random := rand.New(rand.NewPCG(1, 2))
	mutate := func(s string) string {
		b := []byte(s)
		for range 1 + random.IntN(4) {
			at := random.IntN(len(b) + 1)
			switch random.IntN(4) {
			case 0:
				b = append(b[:at:at], append([]byte(pieces[random.IntN(len(pieces))]), b[at:]...)...)
			case 1:
				b = b[:at]
			case 2:
				if at < len(b) {
					b[at] ^= 1 << random.IntN(8)
				}
			case 3:
				b = append(b, b[at:]...)
			}
		}
		return string(b)
	}
	corpus := make(chan string)
	go func() {
		defer close(corpus)
		for range 2000 {
			corpus <- mutate(seeds[random.IntN(len(seeds))])
		}
	}()
	var workers sync.WaitGroup
	for range 20 {
		workers.Go(func() {
			for request := range corpus {
				statuses, _ := exchangeRaw(t, k.address(), request)
				for _, status := range statuses {
					if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
						t.Errorf("%.200q was answered %d; want no failure of the server", request, status)
					}
				}
			}
		})
	}
	workers.Wait()
	for range 100 {
		if statuses, body := exchangeRaw(t, k.address(), seeds[0]); len(statuses) != 1 || statuses[0] != 200 || body != "hello" {
			t.Fatalf("afterwards a good request was answered %v %q; want 200", statuses, body)
		}
	}
}

// What net/http lets through or not is pinned, so that a change is noticed.
func TestAmbiguousRequests(t *testing.T) {
	t.Parallel()

	k := start(t, post("/", func(c echo.Context) error {
		text, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, string(text)+c.Request().Header.Get("X-Folded"))
	}), set(func(c *httpserver.Config) { c.MaxHeaderBytes = 16 << 10 }))
	tests := []struct {
		name, request string
		status        int
		body          string
		answers       int // 0: one
	}{
		{name: "length and chunks: the chunks count", request: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n", status: 200, body: "hello"},
		{name: "length and chunks: the connection stays open", request: strings.Repeat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 2), status: 200, body: "hello", answers: 2},
		{name: "bare line feeds", request: "POST / HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi", status: 200, body: "hi"},
		{name: "folded header", request: "POST / HTTP/1.1\r\nHost: a\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n", status: 200, body: "a b"},
		{name: "two lengths", request: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", status: 400},
		{name: "two hosts", request: "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", status: 400},
		{name: "no host", request: "POST / HTTP/1.1\r\n\r\n", status: 400},
		{name: "unknown coding", request: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", status: 501},
		{name: "head too large", request: "POST / HTTP/1.1\r\nHost: a\r\nX-Large: " + strings.Repeat("x", 24<<10) + "\r\n\r\n", status: 431},
		{name: "path too long for the head", request: "POST /" + strings.Repeat("x", 24<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", status: 431},
		{name: "another version", request: "POST / HTTP/3.0\r\nHost: a\r\n\r\n", status: 505},
		{name: "HTTP/2 without TLS", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			statuses, body := exchangeRaw(t, k.address(), tt.request)
			if len(statuses) != max(tt.answers, 1) || statuses[0] != tt.status || tt.status == 200 && body != tt.body {
				t.Errorf("answered %v %q; want %d %q", statuses, body, tt.status, tt.body)
			}
		})
	}
}
