package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"example.com/ostov/config"
	"example.com/ostov/health"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/admin"
	"example.com/ostov/modules/dispatcher"
)

func TestProbesTellAStatusToAllAndTheReasonWithTheToken(t *testing.T) {
	t.Parallel()

	running := false
	f := build(t, func(p *admin.Params) { p.Health = health.NewRegistry(func() bool { return running }) })
	want(t, "GET /readyz before the start", f.ask(http.MethodGet, "/readyz"), 503)
	want(t, "GET /livez before the start", f.ask(http.MethodGet, "/livez"), 200)

	f = build(t)
	if err := f.checks.Add(
		health.Live.Check("disk", func(context.Context) error { return errors.New("<script>") }),
		health.Live.Check("memory", func(context.Context) error { return errors.New("all\nused") }),
		health.Ready.Check("queue", func(context.Context) error { return nil }),
	); err != nil {
		t.Fatal(err)
	}
	name := []func(*http.Request){called("pod.example:8081"), with("Origin", "http://evil.example")}
	for what, change := range map[string][]func(*http.Request){
		"nothing shown": name, "wrong token": append(name, bearer("wrong")), "a session that is over": append(name, with("Cookie", "admin_session_8081=x")),
	} {
		body := want(t, "GET /livez, "+what, f.ask(http.MethodGet, "/livez", change...), 503)
		if strings.Contains(body, "disk") || strings.Contains(body, "failing") {
			t.Errorf("GET /livez, %s = %s; want no reason", what, body)
		}
		want(t, "GET /readyz, "+what, f.ask(http.MethodGet, "/readyz", change...), 200)
		want(t, "GET /startupz, "+what, f.ask(http.MethodGet, "/startupz", change...), 200)
	}
	for what, change := range map[string]func(*http.Request){"token": bearer(token), "session": carrying(login(f))} {
		body := want(t, "GET /livez, "+what, f.ask(http.MethodGet, "/livez", change), 503)
		var problem struct{ Failing []string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil || strings.Join(problem.Failing, "; ") != "disk: <script>; memory: all\nused" || strings.Contains(body, "<script>") {
			t.Errorf("GET /livez, %s = %s, %v; want both checks, and no tag", what, body, err)
		}
	}
}

func TestMetricsAreOpenOnALoopbackAddressOnly(t *testing.T) {
	t.Parallel()

	local, public := build(t), build(t, publicBind)
	for _, name := range []string{host, "localhost:8081", "[::1]:8081", "LOCALHOST", "10.0.0.7:8081"} {
		if body := want(t, "GET /metrics of "+name, local.ask(http.MethodGet, "/metrics", called(name)), 200); !strings.Contains(body, "tests_total 0") {
			t.Errorf("GET /metrics = %s; want the counter", body)
		}
	}
	want(t, "GET /metrics of a rebound name", local.ask(http.MethodGet, "/metrics", called("evil.example")), 421)
	want(t, "GET /metrics of a public address", public.ask(http.MethodGet, "/metrics"), 401)
	for _, name := range []string{host, "app.shop.svc:8081", "10.0.0.7:8081"} {
		want(t, "GET /metrics of a public address with the token", public.ask(http.MethodGet, "/metrics", called(name), bearer(token)), 200)
	}
}

func TestKnownNamesAreThoseOfTheSettings(t *testing.T) {
	t.Parallel()

	f := build(t, func(p *admin.Params) {
		p.Config.Address, p.Config.Hosts = "192.0.2.1:8081", []string{"admin.shop.example"}
	})
	for name, status := range map[string]int{
		"192.0.2.1:8081": 200, "Admin.Shop.Example": 200, "admin.shop.example:443": 200, "shop.example": 421, "localhost:8081": 421,
	} {
		want(t, "GET / of "+name, f.ask(http.MethodGet, "/", bearer(token), called(name)), status)
	}
}

type nobodyStops struct{}

func (nobodyStops) Shutdown(error) {}

// withTasks gives a server tasks to tell of, which do not run.
func withTasks(t *testing.T, tasks ...dispatcher.Work) func(*admin.Params) {
	t.Helper()
	d, err := dispatcher.New(dispatcher.Params{Config: dispatcher.DefaultConfig(), Shutdown: nobodyStops{}, Tasks: tasks})
	if err != nil {
		t.Fatal(err)
	}
	return func(p *admin.Params) { p.Dispatcher = d }
}

func TestTheAPITellsOfHooksAndTasks(t *testing.T) {
	t.Parallel()

	f := build(t, withTasks(t, dispatcher.Service{Name: "mailer", Run: func(context.Context) error { return nil }}))

	var report lifecycle.Report
	body := want(t, "GET /api/lifecycle", f.ask(http.MethodGet, "/api/lifecycle", bearer(token)), 200)
	if err := json.Unmarshal([]byte(body), &report); err != nil || report.State != lifecycle.New {
		t.Errorf("GET /api/lifecycle = %s, %v; want the report of an application that is new", body, err)
	}
	var states struct{ Items []dispatcher.TaskState }
	body = want(t, "GET /api/tasks", f.ask(http.MethodGet, "/api/tasks", bearer(token)), 200)
	if err := json.Unmarshal([]byte(body), &states); err != nil || len(states.Items) != 1 || states.Items[0].Name != "mailer" {
		t.Errorf("GET /api/tasks = %s, %v; want the task", body, err)
	}
	if got := want(t, "GET /api/tasks", build(t).ask(http.MethodGet, "/api/tasks", bearer(token)), 200); strings.TrimSpace(got) != `{"items":[]}` {
		t.Errorf("GET /api/tasks without a dispatcher = %s; want no items", got)
	}
}

func TestTheLogLevelChangesAndTheLogTellsWhoDidIt(t *testing.T) {
	t.Parallel()

	f := build(t)
	for _, level := range []string{"error", "debug", "warn", "info"} {
		before := strings.Count(f.log.String(), "\n")
		answer := f.ask(http.MethodPut, "/api/log/level", bearer(token), sending(`{"level":"`+level+`"}`), from("127.0.0.9:4711"))
		for _, got := range []string{
			want(t, "PUT /api/log/level", answer, 200),
			want(t, "GET /api/log/level", f.ask(http.MethodGet, "/api/log/level", bearer(token)), 200),
		} {
			if strings.TrimSpace(got) != `{"level":"`+level+`"}` || f.level.String() != level {
				t.Errorf("the level is %v and the answer %s; want %s", f.level, got, level)
			}
		}
		records := strings.Split(f.log.String(), "\n")[before:]
		if record := records[0]; !strings.Contains(record, "127.0.0.9:4711") || !strings.Contains(record, `"after":"`+level+`"`) || !strings.Contains(record, answer.Header.Get("X-Request-Id")) {
			t.Errorf("the log says %q; want who changed the level to %s", records, level)
		}
	}
}

func TestTheLogLevelRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()

	const maxBody = 64 << 10
	tests := []struct {
		name, body, contentType string
		status                  int
	}{
		{"text", `{"level":"debug"}`, "text/plain", 415},
		{"a form", `{"level":"debug"}`, "application/x-www-form-urlencoded", 415},
		{"no type", `{"level":"debug"}`, "", 415},
		{"JSON with a charset", `{"level":"debug"}`, "application/json; charset=utf-8", 200},
		{"an unknown field", `{"level":"debug","for":"1h"}`, "application/json", 400},
		{"two objects", `{"level":"debug"}{}`, "application/json", 400},
		{"a cut object", `{"level":"debug"`, "application/json", 400},
		{"no body", ``, "application/json", 400},
		{"a number", `{"level":1}`, "application/json", 400},
		{"no level", `{}`, "application/json", 422},
		{"an unknown level", `{"level":"verbose"}`, "application/json", 422},
		{"a level that ends the process", `{"level":"fatal"}`, "application/json", 422},
		{"64 KiB", `{"level":"debug"}` + strings.Repeat(" ", maxBody-17), "application/json", 200},
		{"more than 64 KiB", `{"level":"debug"}` + strings.Repeat(" ", maxBody-16), "application/json", 413},
		{"more than 64 KiB in the object", `{"level":"` + strings.Repeat("a", maxBody) + `"}`, "application/json", 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			f := build(t)
			body := want(t, "PUT", f.ask(http.MethodPut, "/api/log/level", bearer(token), sending(tt.body), with("Content-Type", tt.contentType)), tt.status)
			if changed := f.level.Level() != zapcore.InfoLevel; changed != (tt.status == 200) {
				t.Errorf("the log level is %v; want a change only with 200", f.level)
			}
			if strings.Contains(body, "json:") || strings.Contains(body, "verbose") {
				t.Errorf("the answer is %s; want no text of an internal error", body)
			}
		})
	}
}

func TestConfigAsksForATokenBeyondLoopback(t *testing.T) {
	t.Parallel()

	tests := []struct {
		address, token, hosts string
		want                  string // of the error; none: fine
	}{
		{address: "127.0.0.1:8081"},
		{address: "127.9.9.9:0"},
		{address: "[::1]:8081"},
		{address: "localhost:8081"},
		{address: "unix:/run/app/admin.sock"},
		{address: "0.0.0.0:8081", token: "t"},
		{address: "fd:admin", token: "t"},
		{address: ":8081", want: "admin.address, which is :8081: set admin.token"},
		{address: "0.0.0.0:8081", want: "admin.token"},
		{address: "[::]:8081", want: "admin.token"},
		{address: "10.0.0.7:8081", want: "admin.token"},
		{address: "shop.example:8081", want: "admin.token"},
		{address: "localhost.shop.example:8081", want: "admin.token"},
		{address: "fd:admin", want: "admin.token"},
		{address: "127.0.0.1:70000", want: "70000"},
		{address: "", token: "t", want: "address"},
		{address: "127.0.0.1:8081", hosts: "admin.example:443", want: "hosts"},
		{address: "127.0.0.1:8081", hosts: "https://admin.example", want: "hosts"},
		{address: "127.0.0.1:8081", hosts: "*", want: "hosts"},
	}
	for _, tt := range tests {
		c := admin.DefaultConfig()
		c.Address, c.Token = tt.address, config.NewSecret(tt.token)
		if tt.hosts != "" {
			c.Hosts = append(c.Hosts, tt.hosts)
		}
		switch err := c.Validate(); {
		case tt.want == "" && err != nil:
			t.Errorf("%+v: %v; want no error", tt, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%+v: %v; want %s named", tt, err, tt.want)
		}
	}
}
