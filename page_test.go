package ostov_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/apptest"
	"example.com/ostov/health"
	"example.com/ostov/internal/browser"
	"example.com/ostov/internal/constructor"
	"example.com/ostov/lifecycle"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
)

const pageToken = "token-of-the-page-test"

// shop is a feature for an operator to look at.
type shop struct {
	mailDown atomic.Bool   // the mailer fails
	held     chan struct{} // a request to /hold is answered when it closes
	holding  chan struct{} // gets one for each that came
	log      *zap.Logger
}

func newShop() *shop {
	return &shop{held: make(chan struct{}), holding: make(chan struct{}, 10)}
}

func (s *shop) module() fx.Option {
	return fx.Module("shop",
		fx.Provide(func(log *zap.Logger) *shop { s.log = log.Named("shop"); return s }),
		httpserver.Routes(func(s *shop) []httpserver.Route {
			return []httpserver.Route{
				{Method: http.MethodGet, Path: "/products/:id", Handler: s.product},
				{Method: http.MethodPost, Path: "/orders", Handler: s.order},
				{Method: http.MethodGet, Path: "/hold", Handler: func(c echo.Context) error {
					s.holding <- struct{}{}
					<-s.held
					return c.NoContent(http.StatusNoContent)
				}},
			}
		}),
		tcp.Server(func() tcp.LineServer {
			return tcp.LineServer{Name: "stock", Address: "127.0.0.1:0", Answer: func(_ context.Context, _ []byte, w io.Writer) error {
				_, err := io.WriteString(w, "12 in stock\n")
				return err
			}}
		}),
		dispatcher.Task(func(s *shop) dispatcher.Schedule {
			return dispatcher.Schedule{Name: "mail.send", Every: 200 * time.Millisecond, Run: func(context.Context) error {
				if s.mailDown.Load() {
					return errors.New(`dial tcp 192.0.2.7:25: connection refused`)
				}
				return nil
			}}
		}),
		dispatcher.Task(func() dispatcher.Service {
			return dispatcher.Service{Name: "stock.feed", Run: func(ctx context.Context) error { <-ctx.Done(); return nil }}
		}),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: "prices.refresh", Every: time.Second / 3, Run: func(ctx context.Context) error {
				select {
				case <-ctx.Done():
				case <-time.After(rand.N(40 * time.Millisecond)):
				}
				return nil
			}}
		}),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: "orders.archive", Cron: "15 3 * * *", Zone: "Europe/Berlin", Run: func(context.Context) error { return nil }}
		}),
		health.Provide(func(s *shop) health.Check {
			return health.Ready.Check("mail", func(context.Context) error {
				if s.mailDown.Load() {
					return errors.New("no connection to the mail server")
				}
				return nil
			})
		}),
		fx.Provide(fx.Annotate(newQueues, fx.ResultTags(`group:"container.panels"`))),
		container.CleanupCtx(openStock),
		container.CleanupCtx(warmCache),
		container.CleanupCtx(warmCache), // a name may stand twice
	)
}

// newQueues is a table of the shop's own.
func newQueues() container.Panel {
	type queue struct {
		Queue  string         `json:"queue"`
		Counts map[string]int `json:"counts"`
	}
	return container.Panel{Name: "queues", Read: func(context.Context) (any, error) {
		return []queue{{"mail", map[string]int{"available": 3, "running": 2}}, {"export", map[string]int{"available": 0, "running": 1}}}, nil
	}}
}

func openStock() lifecycle.Setup { return taking(12 * time.Millisecond) }
func warmCache() lifecycle.Setup { return taking(31 * time.Millisecond) }

// taking is a hook that takes its time.
func taking(d time.Duration) lifecycle.Setup {
	return func(ctx context.Context) (lifecycle.Cleanup, error) {
		<-time.After(d)
		return func(context.Context) error { <-time.After(d / 2); return nil }, nil
	}
}

func (s *shop) product(c echo.Context) error {
	<-time.After(rand.N(8 * time.Millisecond))
	if strings.HasSuffix(c.Param("id"), "13") {
		return echo.ErrNotFound
	}
	return c.JSON(http.StatusOK, map[string]string{"id": c.Param("id")})
}

func (s *shop) order(c echo.Context) error {
	<-time.After(10*time.Millisecond + rand.N(30*time.Millisecond))
	if rand.N(20) == 0 {
		s.log.Warn("payment was declined", zap.String("order", "A-1042"), zap.String("reason", "limit"))
		return errors.New("the payment provider does not answer")
	}
	return c.JSON(http.StatusCreated, map[string]string{"order": "A-1042"})
}

func (s *shop) start(t *testing.T, options ...fx.Option) *apptest.App {
	t.Helper()
	return apptest.Start(t, append([]fx.Option{s.module(), apptest.Set("admin.token", pageToken), apptest.Set("app.name", "shop")}, options...)...)
}

// visit asks for what a shop is asked for, n times.
func visit(app *apptest.App, n int) {
	for i := range n {
		if i%7 == 3 {
			app.Do(http.MethodPost, "/orders", nil)
		} else {
			app.Get("/products/" + string(rune('0'+i%10)) + strings.Repeat("13", i%9/8))
		}
	}
}

// sight is a browser, and the test to which its faults belong.
type sight struct {
	*browser.Tab
	t *testing.T
}

// in returns the same browser for a subtest.
func (b *sight) in(t *testing.T) *sight { return &sight{b.Tab, t} }

func (b *sight) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.Do(b.t, steps...)
}

func (b *sight) screen(width, height int64, dark bool) {
	b.t.Helper()
	b.Show(b.t, width, height, dark)
	b.do(chromedp.EmulateViewport(width, height)) // pictures of one pixel a point are small
}

func eval[T any](b *sight, script string) T {
	b.t.Helper()
	return browser.Eval[T](b.t, b.Tab, script)
}

// await waits until a script in the page is true.
func (b *sight) await(script string) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !browser.Holds(b.t, b.Tab, script) {
		if time.Now().After(deadline) {
			b.t.Fatalf("waited in vain for %s; the page shows %.2000s", script, eval[string](b, `document.body.innerText`))
		}
		<-time.After(50 * time.Millisecond)
	}
}

// operator opens the page in a browser, by the link with the token.
func operator(t *testing.T, app *apptest.App) *sight {
	t.Helper()
	b := &sight{browser.Start(t), t}
	b.screen(1440, 900, false)
	b.do(chromedp.Navigate(app.Admin + "/?token=" + pageToken))
	b.await(shows("#state", "Running"))
	return b
}

// shows is true where an element's text has a part.
func shows(selector, part string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, selector, part)
}

// part opens a part of the page.
func part(b *sight, name string) {
	eval[bool](b, `(location.hash = "#/`+name+`", true)`)
	b.await(`document.querySelector("nav a[aria-current]").hash === "#/` + name + `" && document.querySelector("h1")`)
}

// click presses the button that has the text, in what the selector finds first.
func click(b *sight, selector, text string) {
	b.await(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent === %q && !e.hidden)`, selector, text))
	eval[bool](b, fmt.Sprintf(`([...document.querySelectorAll(%q)].find(e => e.textContent === %q).click(), true)`, selector, text))
}

func TestAnOperatorSeesAndActs(t *testing.T) {
	t.Parallel()
	s := newShop()
	var level zap.AtomicLevel
	app := s.start(t, fx.Populate(&level))
	admin, err := url.Parse(app.Admin)
	if err != nil {
		t.Fatal(err)
	}
	between := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(admin)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(between.Close)
	app.Admin = between.URL
	b := operator(t, app)
	if url := eval[string](b, `location.href`); strings.Contains(url, "token") {
		t.Errorf("the address is %s; want no token in it", url)
	}
	b.await(shows(".verdict", "All is well."))

	t.Run("the graph has the real modules and can be followed", func(t *testing.T) {
		b := b.in(t)
		part(b, "modules")
		b.await(`document.querySelectorAll(".node").length > 5`)
		nodes := eval[[]string](b, `[...document.querySelectorAll(".node .title")].map(e => e.textContent)`)
		for _, want := range []string{"container", "telemetry", "dispatcher", "http", "tcp", "admin", "shop"} {
			if !slices.Contains(nodes, want) {
				t.Errorf("the graph has %q; want %s", nodes, want)
			}
		}
		eval[bool](b, `([...document.querySelectorAll(".node")].find(e => e.textContent.startsWith("shop")).click(), true)`)
		b.await(shows("#view h2", "shop") + ` && [...document.querySelectorAll(".needed .chip")].some(e => e.textContent === "telemetry")`)
		if served := eval[[]string](b, `[...document.querySelectorAll(".served .chip")].map(e => e.textContent).sort()`); strings.Join(served, " ") != "admin dispatcher http tcp" {
			t.Errorf("the shop serves %q; want those that take its table, tasks, routes and lines", served)
		}
		click(b, ".needed .chip", "telemetry")
		b.await(shows("#view h2", "telemetry") + ` && document.activeElement.textContent.startsWith("telemetry")`)
	})

	t.Run("the waterfall has the real hooks", func(t *testing.T) {
		b := b.in(t)
		part(b, "life")
		b.await(`document.querySelectorAll(".waterfall .rows li").length > 5`)
		hooks := eval[[]string](b, `[...document.querySelectorAll(".hook")].map(e => e.textContent)`)
		order := []string{"telemetry.run", "admin.serve", constructor.Name(openStock), constructor.Name(warmCache), "dispatcher.runDispatcher", "http.serve"}
		for i, want := range order {
			if at := slices.Index(hooks, want); at < 0 || i > 0 && at < slices.Index(hooks, order[i-1]) {
				t.Errorf("hooks %q; want %s behind %q", hooks, want, order[:i])
			}
		}
		wide := `[...document.querySelectorAll(".rows li")].filter(e => e.textContent.includes("_test.warmCache")).map(e => parseFloat(e.querySelector(".bar").style.width))`
		if percents := eval[[]float64](b, wide); len(percents) != 2 || slices.Min(percents) < 10 || slices.Max(percents) > 100 {
			t.Errorf("the bars of two hooks of 31 ms have %v %% of the width", percents)
		}
	})

	t.Run("a failing task turns red and recovers", func(t *testing.T) {
		b := b.in(t)
		part(b, "tasks")
		row := `[...document.querySelectorAll(".tasks tbody tr")].find(e => e.textContent.startsWith("mail.send"))`
		b.await(row + `?.className === ""`)
		s.mailDown.Store(true)
		b.await(row + `.className === "bad" && ` + row + `.textContent.includes("connection refused") && ` + row + `.querySelector(".pill.bad")`)
		b.await(shows("#state", "Running, with problems") + ` && ` + shows("nav .count", "2"))
		part(b, "health")
		b.await(shows("#view", "no connection to the mail server"))
		part(b, "")
		b.await(shows(".verdict", "2 problems"))
		s.mailDown.Store(false)
		b.await(shows(".verdict", "All is well."))
		part(b, "tasks")
		b.await(row + `?.className === "" && !` + row + `.querySelector(".pill.bad")`)
	})

	t.Run("a schedule is run now, once it was asked for", func(t *testing.T) {
		b := b.in(t)
		part(b, "tasks")
		row := `[...document.querySelectorAll(".tasks tbody tr")].find(e => e.textContent.startsWith("orders.archive"))`
		b.await(row)
		eval[bool](b, `(`+row+`.querySelector("button").click(), true)`)
		b.await(shows("#ask[open]", "“orders.archive” begins a run at once"))
		click(b, "#ask button", "Cancel")
		b.await(`!document.getElementById("ask").open`)
		eval[bool](b, `(`+row+`.querySelector("button").click(), true)`)
		click(b, "#ask button", "Run now")
		b.await(shows("#toast", "begins a run") + ` && ` + row + `.querySelector("[data-name=Runs]").textContent === "1"`)
	})

	t.Run("a service is restarted", func(t *testing.T) {
		b := b.in(t)
		row := `[...document.querySelectorAll(".tasks tbody tr")].find(e => e.textContent.startsWith("stock.feed"))`
		eval[bool](b, `(`+row+`.querySelector("button").click(), true)`)
		click(b, "#ask button", "Restart")
		b.await(row + `.querySelector("[data-name=Runs]").textContent === "2, 1 restart"`)
	})

	t.Run("a level change takes effect and is logged", func(t *testing.T) {
		b := b.in(t)
		part(b, "log")
		eval[bool](b, `(() => { const s = document.querySelector("select"); s.focus(); s.value = "debug"; s.dispatchEvent(new Event("change")); return true; })()`)
		b.await(shows("#ask[open]", "Log from debug on?"))
		click(b, "#ask button", "Cancel")
		b.await(`document.querySelector("select").value === "info"`)
		eval[bool](b, `(() => { const s = document.querySelector("select"); s.focus(); s.value = "debug"; s.dispatchEvent(new Event("change")); return true; })()`)
		click(b, "#ask button", "Log debug")
		b.await(shows(".lines", "the log level changes"))
		if level.Level() != zap.DebugLevel {
			t.Errorf("the level is %v; want debug", level)
		}
		s.log.Debug("now it is seen")
		b.await(shows(".lines", "now it is seen"))
	})

	t.Run("requests are counted by route", func(t *testing.T) {
		b := b.in(t)
		part(b, "traffic")
		visit(app, 20)
		row := `[...document.querySelectorAll(".traffic tbody tr")].find(e => e.textContent.startsWith("GET/products/:id"))`
		b.await(row + ` && parseInt(` + row + `.querySelector("[data-name=Requests]").textContent) >= 17 && /[0-9.]+ ms/.test(` + row + `.querySelector("[data-name=p95]").textContent)`)
	})

	t.Run("a module shows a table of its own", func(t *testing.T) {
		b := b.in(t)
		part(b, "panels")
		b.await(`[...document.querySelectorAll("#view tr")].some(r => [...r.cells].map(c => c.textContent).join(" ") === "mail 3 2")`)
	})

	t.Run("settings say where they come from, and no secret", func(t *testing.T) {
		b := b.in(t)
		part(b, "settings")
		b.await(shows(".settings", "--set app.name"))
		if body := eval[string](b, `document.documentElement.outerHTML`); strings.Contains(body, pageToken) {
			t.Error("the page has the token in it")
		}
	})

	t.Run("a connection that was lost is found again, and what was typed stays", func(t *testing.T) {
		b := b.in(t)
		part(b, "tasks")
		eval[bool](b, `(() => { const f = document.querySelector("#view [type=search]"); f.value = "mail"; return f.dispatchEvent(new Event("input")); })()`)
		b.await(`[...document.querySelectorAll(".tasks .title")].map(e => e.textContent).join() === "mail.send"`)
		between.CloseClientConnections()
		b.await(shows("#link", "Trying again"))
		b.await(shows("#link", "Live"))
		if typed := eval[string](b, `document.querySelector("#view [type=search]").value`); typed != "mail" {
			t.Errorf("the filter is %q; want what was typed", typed)
		}
	})

	t.Run("the keyboard is enough", func(t *testing.T) {
		b := b.in(t)
		part(b, "")
		eval[bool](b, `(document.activeElement.blur(), document.querySelector(".brand").focus(), true)`)
		b.do(chromedp.KeyEvent("\t\t\t\t\r")) // past Overview, Modules and Start & stop to Tasks
		b.await(`location.hash === "#/tasks" && document.activeElement.id === "main"`)
		eval[bool](b, `(document.querySelector(".skip").focus(), true)`)
		b.do(chromedp.KeyEvent("\r"))
		b.await(`location.hash === "#/tasks" && document.activeElement.id === "main"`)
	})
}

func TestThePageTellsOfAStopToItsEndAndFindsTheNextProcess(t *testing.T) {
	t.Parallel()
	s := newShop()
	seen := make(chan struct{})
	app := s.start(t, apptest.Set("app.drain_delay", "10ms"), apptest.Set("http.drain_timeout", "50s"), apptest.Set("app.stop_timeout", "90s"),
		fx.Provide(fx.Annotate(func() lifecycle.Observer {
			return func(ctx context.Context, e lifecycle.Event) context.Context {
				if e.Op == "stop" && e.Hook == nil && e.Begins {
					select { // the delay has to be on the page, however slow that is
					case <-seen:
					case <-ctx.Done():
					}
				}
				return ctx
			}
		}, fx.ResultTags(`group:"container.observers"`))))
	look, answer := sync.OnceFunc(func() { close(seen) }), sync.OnceFunc(func() { close(s.held) })
	t.Cleanup(func() { look(); answer() }) // where the test ends early
	b := operator(t, app)
	answered := make(chan int, 1)
	go func() {
		status, _ := app.Get("/hold")
		answered <- status
	}()
	<-s.holding
	stopped := make(chan error, 1)
	go func() { stopped <- app.Stop() }()
	b.await(shows("#stop", "The service is stopping") + ` && ` + shows("#stop", "Drain delay"))
	look()
	b.await(shows("#stop .awaits", "http.serve") + ` && ` + shows("#stop .awaits", "1 request under way, cancelled after 50s"))
	part(b, "life")
	b.await(`document.querySelector(".bar.running")`)
	b.Screenshot(t, "stopping")
	answer()
	b.await(shows("#stop", "The service has stopped") + ` && ` + shows("#stop", "All was released in"))
	b.await(`[...document.querySelectorAll(".waterfall")].find(e => e.textContent.startsWith("Stop")).textContent.includes("_test.openStock")`)
	b.await(shows("#link", "Ended, waiting for the next process"))
	if status := <-answered; status != http.StatusNoContent {
		t.Errorf("the request under way got %d; want 204", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the stop with a page open: %v", err)
	}

	newShop().start(t, apptest.Set("admin.address", strings.TrimPrefix(app.Admin, "http://")))
	b.await(shows("h1", "Operators enter here") + ` && !document.getElementById("view")`) // nothing stays of what the last process told
	eval[bool](b, `(document.getElementById("token").value = "wrong", document.querySelector("form").submit(), true)`)
	b.await(`document.getElementById("wrong")?.hidden === false && location.search === ""`)
	eval[bool](b, `(document.getElementById("token").value = "`+pageToken+`", document.querySelector("form").submit(), true)`)
	b.await(shows("#state", "Running"))
}

// TestThePageIsFitForEveryScreen makes the pictures of the documentation, where
// TEST_SCREENSHOTS names a directory for them.
func TestThePageIsFitForEveryScreen(t *testing.T) {
	t.Parallel()
	s := newShop()
	app := s.start(t)
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b := operator(t, app)
	session := app.Dial()
	defer session.Close()
	points := 3 // a second each, so that charts have something to show
	if os.Getenv("TEST_SCREENSHOTS") != "" {
		points = 12
	}
	for !eval[bool](b, fmt.Sprintf(`document.querySelector(".spark .line").getAttribute("d").split("L").length >= %d`, points)) {
		visit(app, 10)
	}
	s.mailDown.Store(true)
	b.await(shows("#state", "Running, with problems"))
	eval[bool](b, string(axe)+`; true`)

	for _, screen := range []struct {
		name          string
		width, height int64
		dark          bool
	}{
		{"wide", 1440, 900, false}, {"wide-dark", 1440, 900, true}, {"phone", 380, 780, false}, {"phone-dark", 380, 780, true},
	} {
		b.screen(screen.width, screen.height, screen.dark)
		for _, name := range []string{"", "modules", "life", "tasks", "traffic", "panels", "health", "log", "settings"} {
			part(b, name)
			b.await(`document.querySelector("#view .card")?.textContent`)
			what := screen.name + "-" + cmp.Or(name, "overview")
			if wide := eval[int64](b, `document.documentElement.scrollWidth`); wide > screen.width {
				t.Errorf("%s is %d wide; want no more than %d", what, wide, screen.width)
			}
			if light := eval[int](b, `parseInt(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`); light > 127 == screen.dark {
				t.Errorf("%s has a background of lightness %d of 255", what, light)
			}
			b.Screenshot(t, what)
			if screen.dark != (screen.width < 1000) {
				continue // one light and one dark, one wide and one narrow
			}
			if name == "log" { // one line is as good as 300
				eval[bool](b, `(() => { const f = document.querySelector("#view [type=search]"); f.value = "starting up"; return f.dispatchEvent(new Event("input")); })()`)
			}
			b.await(axeRun + `window.faults`)
			for _, fault := range eval[[]string](b, `window.faults`) {
				t.Errorf("%s: %s", what, fault)
			}
		}
	}
	if asked := eval[[]string](b, `performance.getEntriesByType("resource").map(r => r.name).filter(n => !n.startsWith(location.origin + "/"))`); len(asked) > 0 {
		t.Errorf("the page asked other hosts: %q", asked)
	}
}

// axeRun lists, once for each part and screen, what axe-core finds serious or
// critical. Of many rows it looks at three: it takes its time.
const axeRun = `window.seen !== location.hash + innerWidth + getComputedStyle(document.body).color
	&& (window.seen = location.hash + innerWidth + getComputedStyle(document.body).color, window.faults = null,
	axe.run({exclude: [["tbody tr:nth-child(n+4)"], [".edges"]]}, {resultTypes: ["violations"]}).then(r => window.faults = r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(" ")))) && false || `

// hostile is text of somebody who wants more than to be shown.
const hostile = `"><script>window.ran = 1</script><img src=x onerror="window.ran = 1">'` + "\u202e\x00"

func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	long := hostile + strings.Repeat("long ", 1<<18) // 1.3 MB
	var log *zap.Logger
	app := newShop().start(t, fx.Populate(&log), apptest.Set("app.name", hostile),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: hostile, Every: time.Hour, Run: func(context.Context) error { return errors.New(long) }}
		}),
		dispatcher.Task(func() dispatcher.Schedule {
			return dispatcher.Schedule{Name: long, Every: time.Hour, Run: func(context.Context) error { return nil }}
		}),
		health.Provide(func() health.Check {
			return health.Ready.Check(hostile, func(context.Context) error { return errors.New(long) })
		}),
		container.CleanupCtx(func() lifecycle.Hook {
			return lifecycle.Hook{Name: hostile, Setup: func(context.Context) (lifecycle.Cleanup, error) { return nil, nil }}
		}),
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{{Method: http.MethodGet, Path: "/<script>window.ran=1<:x", Handler: func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }}}
		}))
	b := operator(t, app)
	app.Get("/%3Cscript%3Ewindow.ran=1%3Cx")
	log.Error(hostile, zap.String(hostile, long))
	log.Error(long)
	for name, shown := range map[string]string{
		"": "The check", "modules": "shop", "life": "<script>", "tasks": "more characters", "traffic": "<script>", "health": "<script>", "log": "<script>", "settings": "<script>",
	} {
		part(b, name)
		b.await(shows("#view", shown))
		if eval[bool](b, `"ran" in window || document.scripts.length > 1 || document.querySelectorAll("img").length > 0`) {
			t.Errorf("%s: hostile text became a part of the page", cmp.Or(name, "overview"))
		}
		if wide := eval[int64](b, `document.documentElement.scrollWidth`); wide > 1440 {
			t.Errorf("%s is %d wide; want 1440", cmp.Or(name, "overview"), wide)
		}
		if tall := eval[int64](b, `document.documentElement.scrollHeight`); tall > 20_000 {
			t.Errorf("%s is %d tall", cmp.Or(name, "overview"), tall)
		}
	}
}
