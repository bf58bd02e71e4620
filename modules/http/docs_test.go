package httpserver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/ostov/internal/browser"
	"example.com/ostov/modules/container"
	httpserver "example.com/ostov/modules/http"
)

func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	k := start(t, orders(), tickets(), func(p *httpserver.Params) { p.App = container.Config{Name: "orders"} })

	// form is a script with the form of an operation as f.
	form := func(id, script string) string {
		return fmt.Sprintf(`(() => { const f = document.getElementById(%q); %s })()`, id, script)
	}
	open := func(t *testing.T) {
		t.Helper()
		b.Do(t, chromedp.Navigate(k.url+"/docs"), chromedp.WaitVisible(chromedp.CSS("main:not([aria-busy])")))
	}
	// send calls an operation from the page and returns what the page shows.
	send := func(t *testing.T, id string) string {
		t.Helper()
		browser.Eval[bool](t, b, form(id, `f.open = true; f.querySelector("[type=submit]").click(); return true`))
		b.Do(t, chromedp.WaitVisible(chromedp.CSS("#"+id+" .answer .status")))
		return browser.Eval[string](t, b, form(id, `return f.querySelector(".answer").innerText`))
	}

	t.Run("it shows each operation", func(t *testing.T) {
		open(t)
		want := []string{"DELETE /tickets/{number}", "GET /livez", "GET /readyz", "GET /tickets/", "POST /plain/{id}", "POST /tickets", "PUT /orders/{id}"}
		got := browser.Eval[[]string](t, b, `Array.from(document.querySelectorAll(".operation"), o => o.querySelector(".method").textContent + " " + o.querySelector(".path").textContent)`)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("operations %q; want %q", got, want)
		}
		if title := browser.Eval[string](t, b, `document.title`); title != "orders" {
			t.Errorf("title %q; want that of the application", title)
		}
	})

	t.Run("an operation can be tried", func(t *testing.T) {
		open(t)
		browser.Eval[bool](t, b, form("put-orders-id", `f.querySelector("[name=Idempotency-Key]").value = "0000"; return true`))
		shown := send(t, "put-orders-id")
		for _, want := range []string{"200 OK", `"name": "Ada"`, "curl -X PUT", "-H 'Idempotency-Key: 0000'", k.url + "/orders/abc"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the page shows %s; want %s in it", shown, want)
			}
		}
		browser.Eval[bool](t, b, form("delete-tickets-number", `f.open = true; f.querySelector("[type=submit]").click(); return true`))
		if shown := browser.Eval[string](t, b, form("delete-tickets-number", `return f.querySelector(".error").innerText`)); !strings.Contains(shown, "must not be empty") {
			t.Errorf("without its parameter the page shows %q; want that it must not be empty", shown)
		}
		browser.Eval[bool](t, b, form("delete-tickets-number", `f.querySelector("[name=number]").value = "7"; return true`))
		if shown := send(t, "delete-tickets-number"); !strings.Contains(shown, "204 No Content") {
			t.Errorf("the page shows %s; want 204 No Content", shown)
		}
	})

	t.Run("each field is told what is wrong with it", func(t *testing.T) {
		open(t)
		browser.Eval[bool](t, b, form("put-orders-id", `f.querySelector("[name=level]").value = "1000"; f.querySelector("textarea").value = '{"lines": []}'; return true`))
		if shown := send(t, "put-orders-id"); !strings.Contains(shown, "422 Unprocessable Entity") {
			t.Errorf("the page shows %s; want 422", shown)
		}
		got := browser.Eval[[]string](t, b, form("put-orders-id", `return Array.from(f.querySelectorAll(".wrong .error"), e => e.textContent)`))
		want := []string{
			"query.level: expected a whole number from -128 to 127", "header.Idempotency-Key: required",
			"body.lines: expected array length >= 1; body.name: required",
		}
		if !slices.Equal(got, want) {
			t.Errorf("errors at the fields %q; want %q", got, want)
		}
	})

	t.Run("the filter leaves what fits", func(t *testing.T) {
		open(t)
		b.Do(t, chromedp.SendKeys(chromedp.CSS("#filter"), "TICKETS draw"))
		got := browser.Eval[[]string](t, b, `Array.from(document.querySelectorAll(".operation"), o => o).filter(o => o.offsetHeight > 0).map(o => o.id)`)
		if !slices.Equal(got, []string{"post-tickets"}) {
			t.Errorf("in sight are %q; want post-tickets", got)
		}
	})

	t.Run("nothing is inline, nothing from elsewhere", func(t *testing.T) {
		open(t)
		loaded := browser.Eval[[]string](t, b, `performance.getEntriesByType("resource").map(e => e.name)`)
		for _, url := range loaded {
			if !strings.HasPrefix(url, k.url+"/") && !strings.HasPrefix(url, "data:") {
				t.Errorf("the page loads %s", url)
			}
		}
		policy := k.ask("GET", "/docs").Header().Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self'") {
			t.Errorf("policy of the page is %q; want own files only", policy)
		}
		if policy := k.ask("GET", "/livez").Header().Get("Content-Security-Policy"); strings.Contains(policy, "script-src") {
			t.Errorf("policy of other answers is %q; want no scripts", policy)
		}
	})

	t.Run("text of the document stays text", func(t *testing.T) {
		k := start(t, routes(httpserver.Route{Method: "GET", Path: "/x", Handler: hello, Summary: `<img src=x onerror="window.ran = 1">`}))
		b.Do(t, chromedp.Navigate(k.url+"/docs"), chromedp.WaitVisible(chromedp.CSS("#get-x")))
		if browser.Eval[bool](t, b, `"ran" in window || document.querySelectorAll("main img").length > 0`) {
			t.Error("a summary became a part of the page")
		}
	})

	for name, screen := range map[string]struct {
		width, height int64
		dark          bool
	}{
		"light": {1440, 1000, false}, "dark": {1440, 1000, true}, "phone": {380, 800, false}, "phone-dark": {380, 800, true},
	} {
		t.Run("the page fits the screen "+name, func(t *testing.T) {
			b.Show(t, screen.width, screen.height, screen.dark)
			open(t)
			b.Screenshot(t, "docs-"+name)
			browser.Eval[bool](t, b, form("put-orders-id", `f.querySelector("[name=level]").value = "1000"; return true`))
			send(t, "put-orders-id")
			browser.Eval[bool](t, b, form("put-orders-id", `f.scrollIntoView(); return true`))
			b.Screenshot(t, "docs-form-"+name)
			browser.Eval[bool](t, b, form("put-orders-id", `f.querySelector(".actions").scrollIntoView(); return true`))
			b.Screenshot(t, "docs-answer-"+name)
			if wide := browser.Eval[int64](t, b, `document.documentElement.scrollWidth`); wide > screen.width {
				t.Errorf("the page is %d pixels wide; want no more than %d", wide, screen.width)
			}
			if light := browser.Eval[int](t, b, `parseInt(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`); light > 127 == screen.dark {
				t.Errorf("the background has the lightness %d of 255", light)
			}
		})
	}
}
