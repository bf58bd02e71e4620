package charfinder_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"example.com/ostov/apptest"
)

// Contract B119, B120, B121, B122, B123.
func TestSessions(t *testing.T) {
	t.Parallel()

	const (
		registered = "U+00AE \t®\tREGISTERED SIGN\r\n1 match for 'registered'\r\n?> "
		none       = "No match for 'qwertyuiop'\r\n?> "
	)
	tests := []struct {
		name, input, want string // until the client has nothing more to say
	}{
		{"nothing", "", "?> "},
		{"two lines in one segment", "registered\r\nqwertyuiop\n", "?> " + registered + none},
		{"blank lines", "\n\r\n \t\nqwertyuiop\n", "?> ?> ?> ?> " + none},
		{"carriage return inside", "rook\rbishop\n", "?> No match for 'rook\\rbishop'\r\n?> "},
		{"last line without its end", "qwertyuiop\nregistered", "?> " + none + registered},
		{"only spaces at the end", "registered\n ", "?> " + registered + "?> "},
		{"control ends it", "registered\n\x03\nregistered\n", "?> " + registered},
		{"what is not UTF-8 ends it", "registered\n\xff\xf4\xff\xfd\x06\nregistered\n", "?> " + registered},
		{"longest line", "registered" + strings.Repeat(" ", 65_526) + "\n", "?> " + registered},
		{"line that is too long", "registered" + strings.Repeat(" ", 65_527) + "\nregistered\n", "?> "},
	}
	app := apptest.Start(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // not parallel: app ends with the test
			session := app.Dial().(*net.TCPConn)
			if _, err := io.WriteString(session, tt.input); err != nil {
				t.Fatal(err)
			}
			if err := session.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(session)
			if errors.Is(err, syscall.ECONNRESET) { // a server that does not read everything
				err = nil
			}
			if string(got) != tt.want || err != nil {
				t.Errorf("the session said %q, error %v; want %q", got, err, tt.want)
			}
		})
	}
}

// Contract B125.
func TestOnlyThePageIsThere(t *testing.T) {
	t.Parallel()

	app := apptest.Start(t)
	app.Do(http.MethodGet, "/charfinder", nil).Want(http.StatusNotFound)
	app.Do(http.MethodPost, "/", nil).Want(http.StatusMethodNotAllowed)
}

func TestEveryWayInCountsWords(t *testing.T) {
	t.Parallel()

	app := apptest.Start(t)
	if _, got := app.Get("/api/words/top"); strings.TrimSpace(got) != `{"items":[]}` {
		t.Errorf("top words before any query %s; want none", got)
	}
	app.Get("/?query=rook")
	app.Get("/api/chars?query=Rook+black&limit=0")
	app.Talk("rook black chess")
	want := `{"items":[{"word":"ROOK","count":3},{"word":"BLACK","count":2},{"word":"CHESS","count":1}]}`
	if _, got := app.Get("/api/words/top"); strings.TrimSpace(got) != want {
		t.Errorf("top words %s; want %s", got, want)
	}
}
