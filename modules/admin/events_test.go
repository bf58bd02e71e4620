package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	"example.com/ostov/modules/telemetry"
)

// listener reads a stream of events.
type listener struct {
	t    *testing.T
	body *bufio.Reader
}

// withTail gives a server a log that it can show.
func withTail(p *admin.Params) {
	w := telemetry.NewWriter(io.Discard)
	p.Tail, p.Log = w.Tail(), telemetry.NewLogger(w, p.Level, "json", "shop")
}

func subscribe(t *testing.T, f *fixture, status int) *listener {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URLs()[0]+"/api/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != status {
		t.Errorf("GET /api/events: %d; want %d", answer.StatusCode, status)
	}
	return &listener{t, bufio.NewReaderSize(answer.Body, 1<<20)}
}

// next returns the data of the next event of that name; others are passed by.
func (l *listener) next(name string) string {
	l.t.Helper()
	for {
		line, err := l.body.ReadString('\n')
		if err != nil {
			l.t.Fatalf("the stream ended before %q: %v", name, err)
		}
		if line != "event: "+name+"\n" {
			continue
		}
		data, err := l.body.ReadString('\n')
		if err != nil {
			l.t.Fatal(err)
		}
		return strings.TrimPrefix(data, "data: ")
	}
}

func TestTheStreamTellsWhatChangesAndItsOwnEnd(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	f := build(t, anyPort, withTail, func(p *admin.Params) { p.Stopping = stopping })
	f.Params().Log.Warn("first")
	stop := f.start()
	l := subscribe(t, f, 200)
	for _, topic := range []string{"lifecycle", "checks", "tasks", "traffic"} {
		var v map[string]any
		if err := json.Unmarshal([]byte(l.next(topic)), &v); err != nil || len(v) == 0 {
			t.Errorf("%s: %v, %v; want an object", topic, v, err)
		}
	}
	if got := l.next("log"); !strings.Contains(got, `\"msg\":\"first\"`) {
		t.Errorf("log: %s; want the first record", got)
	}
	close(stopping) // from now on four times a second
	f.Params().Log.Warn("second")
	if got := l.next("log"); !strings.Contains(got, `\"msg\":\"second\"`) || strings.Contains(got, "first") {
		t.Errorf("log: %s; want the second record alone", got)
	}
	begun := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if l.next("end"); time.Since(begun) > 10*time.Second {
		t.Errorf("the stream held the stop for %v", time.Since(begun))
	}
	if rest, err := io.ReadAll(l.body); err != nil {
		t.Errorf("after its end the stream has %q, %v; want an orderly end", rest, err)
	}
}

func TestACheckThatHangsDoesNotHoldTheStreamInAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopping := make(chan struct{})
		f := build(t, withTail, func(p *admin.Params) { p.Stopping = stopping })
		if err := f.checks.Add(health.Ready.Check("db", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/api/events", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		left := make(chan struct{})
		go func() {
			defer close(left)
			f.ServeHTTP(w, r)
		}()
		<-time.After(3 * time.Second)
		close(stopping)
		<-time.After(time.Second) // for a check that was asked before
		for i := range 12 {
			f.Params().Log.Warn(fmt.Sprintf("record %d of the stop", i))
			<-time.After(251 * time.Millisecond)
			synctest.Wait()
			if !strings.Contains(w.Body.String(), fmt.Sprintf("record %d of the stop", i)) {
				t.Errorf("a quarter of a second later record %d was not sent", i)
			}
		}
		leave()
		<-left
	})
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	f := build(t, anyPort)
	for range 17 { // who has left is not counted
		want(t, "GET /api/events", f.ask(http.MethodGet, "/api/events", bearer(token), cancelled), 200)
	}
	stop := f.start()
	for range 16 {
		subscribe(t, f, 200)
	}
	subscribe(t, f, 503)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestTheLogIsReadFromWhereTheLastAnswerEnded(t *testing.T) {
	t.Parallel()
	f := build(t, withTail)
	f.Params().Log.Info("<script>alert(1)</script>")
	var tail struct {
		Items []telemetry.Record
		Next  uint64
		Level string
	}
	read := func(path string) string {
		body := want(t, "GET "+path, f.ask(http.MethodGet, path, bearer(token)), 200)
		if err := json.Unmarshal([]byte(body), &tail); err != nil {
			t.Fatal(err)
		}
		return body
	}
	if body := read("/api/log"); len(tail.Items) != 1 || tail.Next != 1 || tail.Level != "info" || strings.Contains(body, "<") {
		t.Errorf("GET /api/log = %s; want the record, without a tag", body)
	}
	f.Params().Log.Info("more")
	if body := read("/api/log?from=1"); len(tail.Items) != 1 || !strings.Contains(tail.Items[0].Line, "more") {
		t.Errorf("GET /api/log?from=1 = %s; want what came since", body)
	}
	want(t, "GET /api/log?from=-1", f.ask(http.MethodGet, "/api/log?from=-1", bearer(token)), 422)
}

func TestATaskIsRunNowAndTheLogTellsWhoDidIt(t *testing.T) {
	t.Parallel()
	f := build(t, withTasks(t, dispatcher.Schedule{Name: `the "nightly" one`, Every: time.Hour, Run: func(context.Context) error { return nil }}))
	for body, status := range map[string]int{
		`{"name":"the \"nightly\" one"}`: 200, `{"name":"none"}`: 404, `{}`: 404, `{"task":"x"}`: 400, `[]`: 400,
	} {
		want(t, "POST /api/tasks/run "+body, f.ask(http.MethodPost, "/api/tasks/run", bearer(token), sending(body), from("127.0.0.9:4711")), status)
	}
	if log := f.log.String(); !strings.Contains(log, `"an operator runs a task","task":"the \"nightly\" one","remote":"127.0.0.9:4711","request_id":"`) ||
		!strings.Contains(log, `"refused":"run \"none\" now: there is no such task"`) {
		t.Errorf("the log is %s; want who ran what", log)
	}
	if f.Params().Dispatcher.Stop(t.Context()) != nil {
		t.Fatal("the dispatcher does not stop")
	}
	body := want(t, "POST after the stop", f.ask(http.MethodPost, "/api/tasks/run", bearer(token), sending(`{"name":"the \"nightly\" one"}`)), 409)
	if !strings.Contains(body, "dispatcher is stopping") {
		t.Errorf("the refusal is %s; want why", body)
	}
	want(t, "POST without a dispatcher", build(t).ask(http.MethodPost, "/api/tasks/run", bearer(token), sending(`{"name":"x"}`)), 404)
}

func TestTheAPITellsOfChecksTrafficSettingsAndBuild(t *testing.T) {
	t.Parallel()
	settings, err := config.Load([]config.Section{config.NewSection("admin", admin.DefaultConfig())}, config.Sources{Set: []string{"admin.token=not-to-be-seen"}})
	if err != nil {
		t.Fatal(err)
	}
	f := build(t, func(p *admin.Params) { p.Settings, p.App.Name = settings, "shop" })
	if err := f.checks.Add(
		health.Ready.Check("db", func(context.Context) error { return errors.New(strings.Repeat("é", 1<<20)) }),
		health.Live.Check("disk", func(context.Context) error { return nil }),
	); err != nil {
		t.Fatal(err)
	}
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_server_request_duration_seconds", Buckets: []float64{0.1, 1}}, []string{"method", "route", "status"})
	sessions := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tcp_server_sessions"}, []string{"server"})
	f.Params().Metrics.MustRegister(requests, sessions)
	for status, seconds := range map[string]float64{"200": 0.05, "404": 0.5, "503": 7} {
		requests.WithLabelValues("GET", "/orders/:id", status).Observe(seconds)
	}
	requests.WithLabelValues("POST", "/orders/:id", "201").Observe(0.2)
	sessions.WithLabelValues("stock").Set(3)

	get := func(topic string, v any) string {
		body := want(t, "GET /api/"+topic, f.ask(http.MethodGet, "/api/"+topic, bearer(token)), 200)
		if err := json.Unmarshal([]byte(body), v); err != nil {
			t.Fatalf("GET /api/%s = %s: %v", topic, body, err)
		}
		return body
	}
	var traffic struct {
		Routes []struct {
			Method, Route          string
			Count, Refused, Failed uint64
			Seconds                float64
			Bounds                 []float64
			Buckets                []uint64
		}
		Servers []struct {
			Server   string
			Sessions float64
		}
	}
	body := get("traffic", &traffic)
	if len(traffic.Routes) != 2 || len(traffic.Servers) != 1 || traffic.Servers[0].Sessions != 3 {
		t.Fatalf("traffic: %s; want two routes and a server", body)
	}
	if r := traffic.Routes[0]; r.Count != 3 || r.Refused != 1 || r.Failed != 1 || r.Seconds != 7.55 || len(r.Bounds) != 2 ||
		len(r.Buckets) != 3 || r.Buckets[0] != 1 || r.Buckets[1] != 1 || r.Buckets[2] != 1 {
		t.Errorf("GET /orders/:id is %+v; want its three requests, one in each bucket", r)
	}
	var checks struct {
		Items []struct{ Name, Kind, Error string }
	}
	if body := get("checks", &checks); len(checks.Items) != 2 || checks.Items[0].Name != "disk" || checks.Items[0].Error != "" || len(checks.Items[1].Error) > 5000 || !strings.HasPrefix(checks.Items[1].Error, "éé") {
		t.Errorf("checks: %.500s; want disk to pass and db to fail, its megabyte cut", body)
	}
	var values struct{ Items []config.Value }
	if body := get("config", &values); len(values.Items) == 0 || strings.Contains(body, "not-to-be-seen") || !strings.Contains(body, "--set admin.token") {
		t.Errorf("config: %s; want each setting with its source, and no secret", body)
	}
	var build struct{ Service, Go string }
	if body := get("build", &build); build.Service != "shop" || !strings.HasPrefix(build.Go, "go1") {
		t.Errorf("build: %s", body)
	}
	var report lifecycle.Report
	get("lifecycle", &report)
	get("graph", new(map[string]any))
}

func TestABrowserWithoutASessionIsAskedForTheToken(t *testing.T) {
	t.Parallel()
	f := build(t)
	html := with("Accept", "text/html,application/xhtml+xml")
	answer := f.ask(http.MethodGet, "/", html)
	if body := want(t, "GET / of a browser", answer, 401); !strings.Contains(body, `<form`) || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a browser is shown %s; want a form", body)
	}
	headers(t, "the form", answer)
	want(t, "GET / of a browser with a wrong token", f.ask(http.MethodGet, "/?token=wrong", html), 401)
	want(t, "GET /page/login.js", f.ask(http.MethodGet, "/page/login.js"), 200)
	for _, path := range []string{"/page/none.js", "/page/..%2fpage.go", "/page/", "/page"} {
		want(t, "GET "+path, f.ask(http.MethodGet, path), 404)
	}
}

func TestPanelsOfModulesAreShown(t *testing.T) {
	t.Parallel()
	type row struct {
		Queue string `json:"queue"`
	}
	f := build(t, func(p *admin.Params) {
		p.Panels = []container.Panel{
			{Name: "jobs", Read: func(context.Context) (any, error) { return []row{{"mail"}}, nil }},
			{Name: "broken", Read: func(ctx context.Context) (any, error) { <-ctx.Done(); return nil, ctx.Err() }},
		}
	})
	got := want(t, "GET /api/panels", f.ask(http.MethodGet, "/api/panels", bearer(token)), 200)
	if got != `{"items":[{"name":"broken","rows":[],"error":"context deadline exceeded"},{"name":"jobs","rows":[{"queue":"mail"}]}]}`+"\n" {
		t.Errorf("GET /api/panels = %s; want a table, and why there is no other", got)
	}
}
