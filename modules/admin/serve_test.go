package admin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"runtime"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/container"
)

func anyPort(p *admin.Params) { p.Config.Address = "127.0.0.1:0" }

func noToken(p *admin.Params) { p.Config.Token = config.Secret{} }

// start lets the server listen until it is stopped.
func (f *fixture) start() (stop func() error) {
	f.t.Helper()
	cleanup, err := f.Serve(func(err error) { f.t.Errorf("the server ended: %v", err) })(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return func() error { return cleanup(context.WithoutCancel(f.t.Context())) }
}

// serve lets the server listen until the test ends.
func (f *fixture) serve() *http.Client {
	f.t.Helper()
	stop := f.start()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	client := &http.Client{Transport: new(http.Transport), Jar: jar}
	f.t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := stop(); err != nil {
			f.t.Errorf("stop: %v", err)
		}
	})
	return client
}

func get(t *testing.T, client *http.Client, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func TestATokenThatWasMadeIsShownOnceAsALink(t *testing.T) {
	t.Parallel()

	f := build(t, anyPort, noToken)
	client := f.serve()
	link := regexp.MustCompile(`^Operators enter by (http://127\.0\.0\.1:\d+/\?token=([A-Z2-7]{52}))\n$`).FindStringSubmatch(f.stderr.String())
	if link == nil {
		t.Fatalf("stderr is %q; want a link", f.stderr)
	}
	want(t, "GET / before", get(t, client, f.URLs()[0]+"/"), 401)
	answer := get(t, client, link[1])
	if body := want(t, "the link", answer, 200); answer.Request.URL.String() != f.URLs()[0]+"/" || strings.Contains(body, link[2]) {
		t.Errorf("the link leads to %v, %s; want / without the token", answer.Request.URL, body)
	}
	want(t, "GET / after", get(t, client, f.URLs()[0]+"/"), 200)
	if strings.Contains(f.log.String(), link[2]) {
		t.Errorf("the log is %s; want no token in it", f.log)
	}
	if other := build(t, anyPort, noToken); want(t, "the token of another run", other.ask(http.MethodGet, "/", bearer(link[2])), 401) == "" {
		t.Error("no reason is given")
	}
}

func TestATokenThatIsConfiguredIsNotShown(t *testing.T) {
	t.Parallel()

	f := build(t, anyPort)
	f.serve()
	if got := f.stderr.String() + f.log.String(); got != "" {
		t.Errorf("stderr and log say %q; want nothing", got)
	}
}

func TestAStderrThatNobodyReadsDoesNotHoldTheStart(t *testing.T) {
	t.Parallel()

	unread, stderr := io.Pipe()
	t.Cleanup(func() { unread.Close() })
	f := build(t, anyPort, noToken, func(p *admin.Params) {
		p.Container = container.New(container.Process{Stderr: stderr, Sources: config.Sources{Environ: []string{}}})
	})
	want(t, "GET /livez", get(t, f.serve(), f.URLs()[0]+"/livez"), 200)
}

func TestAUnixSocketServesWhoNamesLocalhost(t *testing.T) {
	t.Parallel()

	path := t.TempDir() + "/admin.sock"
	f := build(t, func(p *admin.Params) { p.Config.Address = "unix:" + path })
	client := f.serve()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	want(t, "GET /metrics", get(t, client, "http://localhost/metrics"), 200)
	want(t, "GET /", get(t, client, "http://localhost/"), 401)
	want(t, "the link", get(t, client, "http://localhost/?token="+token), 200)
}

func TestATakenAddressIsNamed(t *testing.T) {
	t.Parallel()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := build(t, noToken, func(p *admin.Params) { p.Config.Address = taken.Addr().String() })
	if _, err := f.Serve(func(error) {})(t.Context()); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("Serve = %v; want the address", err)
	}
	if got := f.stderr.String(); got != "" {
		t.Errorf("stderr is %q; want no link to the server of somebody else", got)
	}
}

func TestAStopCutsATraceOff(t *testing.T) { // not parallel: one trace at a time
	f := build(t, anyPort)
	stop := f.start()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answered := make(chan int, 1)
	go func() {
		defer close(answered)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URLs()[0]+"/debug/pprof/trace?seconds=600", nil)
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := client.Do(r)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err == nil {
			answered <- answer.StatusCode
		}
	}()
	for !trace.IsEnabled() && len(answered) == 0 {
		runtime.Gosched()
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if status := <-answered; status != 200 {
		t.Errorf("the trace: status %d; want what there was until the stop", status)
	}
}

func TestAdminAnswersUntilTheVeryEnd(t *testing.T) {
	t.Parallel()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var server *admin.Server
	statuses := func() (live, ready int) {
		return get(t, client, server.URLs()[0]+"/livez").StatusCode, get(t, client, server.URLs()[0]+"/readyz").StatusCode
	}
	inPhase := func(phase lifecycle.Phase) fx.Option {
		return container.CleanupCtx(func(s *admin.Server) lifecycle.Setup {
			server = s
			return func(context.Context) (lifecycle.Cleanup, error) {
				if live, ready := statuses(); live != 200 || ready != 503 {
					t.Errorf("during the start, %v: alive %d, ready %d; want 200 and 503", phase, live, ready)
				}
				return func(context.Context) error {
					if live, ready := statuses(); live != 200 || ready != 503 {
						t.Errorf("during the stop, %v: alive %d, ready %d; want 200 and 503", phase, live, ready)
					}
					return nil
				}, nil
			}
		}, phase)
	}
	c := container.New(
		container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{Environ: []string{}, Set: []string{"admin.address=127.0.0.1:0"}}},
		fx.Module("others", inPhase(lifecycle.Resource), inPhase(lifecycle.Work), inPhase(lifecycle.Serve)),
		container.Module, fx.Supply(zap.NewNop(), zap.NewAtomicLevel(), prometheus.NewRegistry()), admin.Module, // what it needs, without the modules that give it
	)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if live, ready := statuses(); live != 200 || ready != 200 {
		t.Errorf("alive %d, ready %d; want 200 and 200", live, ready)
	}
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(server.URLs()[0], "http://")); err == nil {
		t.Error("after the stop the address still accepts")
	}
}
