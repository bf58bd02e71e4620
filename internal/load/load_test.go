package load_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"example.com/ostov/internal/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers each connection with what serve makes of it, and returns the
// address.
func serve(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// answer reads one request and writes text.
func answer(c net.Conn, text string) {
	if _, err := c.Read(make([]byte, 4096)); err == nil {
		_, _ = io.WriteString(c, text)
	}
}

func TestKindsOfFailureAreToldApart(t *testing.T) {
	t.Parallel()

	closed := httptest.NewServer(nil)
	closed.Close()
	tests := []struct {
		name  string
		serve func(net.Conn) // nil: refuses
		want  string         // counts
		first string
	}{
		{name: "refused", want: "answered 0 map[], lost 0 on reused connections and 0 on new ones, truncated 0, refused 4", first: "connect"},
		{
			name: "closed at once", serve: func(net.Conn) {},
			want: "answered 0 map[], lost 0 on reused connections and 4 on new ones, truncated 0, refused 0",
		},
		{
			name: "closed after the first answer", serve: func(c net.Conn) { answer(c, whole); answer(c, "") },
			want: "answered 2 map[200:2], lost 2 on reused connections and 0 on new ones, truncated 0, refused 0", first: "read",
		},
		{
			name: "announced to close", serve: func(c net.Conn) { answer(c, "HTTP/1.1 503 No\r\nConnection: close\r\n\r\n") },
			want: "answered 4 map[503:4], lost 0 on reused connections and 0 on new ones, truncated 0, refused 0",
		},
		{
			name: "half a head", serve: func(c net.Conn) { answer(c, "HTTP/1.1 2") },
			want: "answered 0 map[], lost 0 on reused connections and 0 on new ones, truncated 4, refused 0", first: "read the head",
		},
		{
			name: "half a body", serve: func(c net.Conn) { answer(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok") },
			want: "answered 0 map[], lost 0 on reused connections and 0 on new ones, truncated 4, refused 0", first: "read the body",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			address := closed.Listener.Addr().String()
			if tt.serve != nil {
				address = serve(t, tt.serve)
			}
			result := load.Load{Address: address, Count: 4}.Run(t.Context())
			counts, first, _ := strings.Cut(result.String(), "; first at ")
			if counts != tt.want || !strings.Contains(first, tt.first) {
				t.Errorf("result is %v; want %s, and the first failure to say %q", result, tt.want, tt.first)
			}
		})
	}
}

func TestConnectionsAreReusedUnlessClosed(t *testing.T) {
	t.Parallel()

	for closing, want := range map[bool]int64{false: 3, true: 60} {
		var opened, asked atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/hello" || r.Close != closing {
				t.Errorf("asked for %s, close %v; want /hello, close %v", r.URL, r.Close, closing)
			}
			asked.Add(1)
			fmt.Fprint(w, strings.Repeat("x", 10_000))
		}))
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		s.Start()
		result := load.Load{Address: s.Listener.Addr().String(), Path: "/hello", Clients: 3, Close: closing, Count: 60}.Run(t.Context())
		s.Close()
		if result.Answered() != 60 || asked.Load() != 60 || result.Failed()+result.Refused > 0 || result.First != nil {
			t.Errorf("close %v: %v of %d requests; want 60 answers", closing, result, asked.Load())
		}
		if n := opened.Load(); n > want || closing && n != want {
			t.Errorf("close %v: %d connections for 60 requests of 3 clients; want %d", closing, n, want)
		}
	}
}

func TestEndOfTheContextEndsTheLoadAndNoRequest(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // while the request is under way
		fmt.Fprint(w, "ok")
	}))
	defer s.Close()
	result := load.Load{Address: s.Listener.Addr().String()}.Run(ctx)
	if result.Answered() != 1 || result.Failed() > 0 {
		t.Errorf("result is %v; want the request under way answered, and no other", result)
	}
}

func TestClientsThinkAndLoseTheirPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		dial := func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				for len(asked) < 50 {
					asked = append(asked, time.Now())
					answer(theirs, whole)
				}
				_, _ = io.Copy(io.Discard, theirs) // never answers
			}()
			return ours, nil
		}
		began := time.Now()
		result := load.Load{Dial: dial, Think: 20 * time.Millisecond, Count: 51}.Run(t.Context())
		took := time.Since(began) - 10*time.Second
		if result.Answered() != 50 || result.LostReused != 1 || !strings.Contains(result.String(), "nothing for 10s") {
			t.Errorf("result is %v; want 50 answers, and one given up after 10s", result)
		}
		if took < 200*time.Millisecond || took > 900*time.Millisecond {
			t.Errorf("50 answers took %v; want thoughts of 0 to 20ms between them", took)
		}
	})
}

func TestAConnectionThatWasQuietForLongMayBeClosed(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name              string
		first, second     time.Duration // the client has its answers after
		lostReused, quiet int
	}{
		{name: "held", second: 500 * time.Millisecond, quiet: 1},
		{name: "held for less", second: 499 * time.Millisecond, lostReused: 1},
		{name: "a slow server", first: time.Second, second: 1400 * time.Millisecond, lostReused: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial := func(context.Context) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						for _, after := range []time.Duration{tt.first, tt.second} {
							<-time.After(after)
							answer(theirs, whole)
						}
					}()
					return ours, nil
				}
				result := load.Load{Dial: dial, Count: 3}.Run(t.Context())
				if result.Answered() != 2 || result.LostReused != tt.lostReused || result.LostQuiet != tt.quiet || result.Failed() != tt.lostReused {
					t.Errorf("%v; want two answers, %d lost, and %d that were quiet", result, tt.lostReused, tt.quiet)
				}
			})
		})
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()

	var r load.Result
	if got := r.Percentile(0.99); got != 0 {
		t.Errorf("p99 of nothing = %v; want 0", got)
	}
	for i := range 100 {
		r.Latencies = append(r.Latencies, time.Duration(100-i))
	}
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 51, 0.99: 100, 1: 100} {
		if got := r.Percentile(p); got != want {
			t.Errorf("percentile %v of 1 to 100 = %d; want %d", p, got, want)
		}
	}
}
