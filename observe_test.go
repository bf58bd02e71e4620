package ostov_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/fx"
	"google.golang.org/protobuf/proto"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

// collector is an OTLP receiver.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err = errors.Join(err, proto.Unmarshal(body, &data)); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s got %q: %v", r.URL.Path, body, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range data.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// of returns a trace, each span by the names of those above it and its own.
func (c *collector) of(traceID string) (paths []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	byID := make(map[string]*tracepb.Span)
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == traceID {
			byID[string(s.GetSpanId())] = s
		}
	}
	for _, s := range byID {
		path := s.GetName()
		for s = byID[string(s.GetParentSpanId())]; s != nil; s = byID[string(s.GetParentSpanId())] {
			path = s.GetName() + " > " + path
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// A client's request, the work that it hands over, what that asks of another
// service, and what that service does: one trace, at a real receiver.
func TestOneTraceGoesFromARequestThroughItsTaskToAnotherService(t *testing.T) {
	t.Parallel()

	receiver := newCollector(t)
	mailed := make(chan error, 1)
	var url string
	routes := func(d *dispatcher.Dispatcher, transport http.RoundTripper) []httpserver.Route {
		client := &http.Client{Transport: transport}
		mail := func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/mail", http.NoBody)
			if err != nil {
				return err
			}
			answer, err := client.Do(request)
			if err != nil {
				return err
			}
			return answer.Body.Close()
		}
		return []httpserver.Route{
			{Method: http.MethodGet, Path: "/orders/:id", Handler: func(c echo.Context) error {
				return d.Go(c.Request().Context(), "confirm", func(ctx context.Context) error {
					err := mail(ctx)
					mailed <- err
					return err
				})
			}},
			{Method: http.MethodGet, Path: "/mail", Handler: func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }},
		}
	}
	var server *httpserver.Server
	app := container.New(container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{
		Environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + receiver.URL},
		Set:     []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"},
	}}, modules.All(), httpserver.Routes(routes), fx.Populate(&server))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	url = server.URLs()[0]
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/orders/7", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if answer, err := client.Do(request); err != nil {
		t.Error(err)
	} else {
		_ = answer.Body.Close()
	}
	if err := <-mailed; err != nil {
		t.Errorf("the task: %v", err)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	order := "GET /orders/:id"
	want := []string{order, order + " > confirm", order + " > confirm > GET", order + " > confirm > GET > GET /mail"}
	if got := receiver.of(traceID); !slices.Equal(got, want) {
		t.Errorf("the trace is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// Every kind of metric has a value, and a duration of what is sampled names its trace.
func TestPromlintAcceptsTheMetricsOfAnApplicationAtWork(t *testing.T) {
	t.Parallel()

	var d *dispatcher.Dispatcher
	var servers *tcp.Servers
	app := apptest.Start(t, apptest.Traced(), fx.Populate(&d, &servers),
		health.Provide(func() health.Check {
			return health.Ready.Check("mail", func(context.Context) error { return errors.New("no route") })
		}),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: "sweep", Cron: "@yearly", Run: func(context.Context) error { return nil }}
		}),
		tcp.Server(func() tcp.LineServer {
			return tcp.LineServer{Name: "shout", Address: "127.0.0.1:0", Answer: func(_ context.Context, line []byte, w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s!\n", line)
				return err
			}}
		}))
	for _, path := range []string{"/livez", "/readyz", "/none", "/forged-by-a-client"} {
		app.Get(path)
	}
	if err := d.Wait(t.Context(), "confirm", func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	for _, url := range servers.URLs() {
		app.TCP = strings.TrimPrefix(url, "tcp://")
		if _, err := io.WriteString(app.Dial(), "hello\n"); err != nil {
			t.Error(err)
		}
	}
	app.Span("shout")
	_, text := app.Get(app.Admin + "/metrics")
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint found %v, %v", problems, err)
	}
	for _, series := range []string{
		`http_server_request_duration_seconds_count{method="GET",route="/livez",status="200"} 1`,
		`http_server_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 2`,
		`http_server_requests_in_flight `, `http_server_connections{state="idle"} `,
		`tcp_server_sessions{server="shout"} 1`, `tcp_server_request_duration_seconds_count{outcome="ok",server="shout"} 1`,
		`dispatcher_task_duration_seconds_count{outcome="ok",task="confirm"} 1`, `dispatcher_tasks{state="waiting"} `, `dispatcher_queue_length 0`,
		`lifecycle_state{state="running"} 1`, `lifecycle_hook_duration_seconds{hook="telemetry.run",op="start",phase="observe"} `,
		`health_check_up{check="mail",kind="ready"} 0`, `health_check_up{check="dispatcher",kind="ready"} 1`,
		`log_records_dropped_total 0`, `go_goroutines `, `process_cpu_seconds_total `, `go_build_info{`,
	} {
		if !strings.Contains(text, "\n"+series) {
			t.Errorf("/metrics has no %s", series)
		}
	}
	if strings.Contains(text, "forged") {
		t.Error("/metrics has a path that a client made up")
	}
	measured := app.Do(http.MethodGet, app.Admin+"/metrics", nil, "Accept: application/openmetrics-text").Body
	for _, name := range []string{"http_server_request", "tcp_server_request", "dispatcher_task"} {
		if !regexp.MustCompile(`(?m)^` + name + `_duration_seconds_bucket.*# \{trace_id=`).MatchString(measured) {
			t.Errorf("no bucket of %s_duration_seconds has an exemplar", name)
		}
	}
}
