package charfinder_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium before a site that nobody has asked
// anything yet.
type browser struct {
	tab  context.Context //nolint:containedctx // so does chromedp name a tab
	site *httptest.Server

	mu    sync.Mutex
	asked []string // paths of the requests that came
}

// startBrowser skips the test where there is no Chromium; with CI=true it fails.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	names := []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
	}
	found := slices.IndexFunc(names, func(name string) bool {
		return exec.CommandContext(t.Context(), name, "--version").Run() == nil
	})
	if found < 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no browser: want one of %q", names)
		}
		t.Skipf("no browser, so the page is not tried in one: want one of %q", names)
	}

	b := &browser{}
	routes := newSite(t)
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r.URL.Path)
		b.mu.Unlock()
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		routes.ServeHTTP(w, r)
	}))
	t.Cleanup(b.site.Close)

	profile := t.TempDir()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute) // t.Context ends before the browser is closed
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(names[found]),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoSandbox, // the tests may run as root, in a container
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	b.tab = ctx
	return b
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.tab, steps...); err != nil {
		t.Fatal(err)
	}
}

// open loads the page of a query.
func (b *browser) open(t *testing.T, target string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.site.URL+target))
}

// follow does what loads another page, and waits for it.
func (b *browser) follow(t *testing.T, step chromedp.Action[chromedp.Void]) {
	t.Helper()
	if _, err := chromedp.RunResponse(b.tab, step); err != nil {
		t.Fatal(err)
	}
}

// prefer makes the user prefer a color scheme, light or dark.
func (b *browser) prefer(t *testing.T, scheme string) {
	t.Helper()
	_, err := chromedp.Call(b.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eval returns the value of a script in the page.
func eval[T any](t *testing.T, b *browser, script string) T {
	t.Helper()
	value, err := chromedp.Run(b.tab, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

const (
	message = `document.querySelector("[role=status]").textContent`
	value   = `document.querySelector("[name=query]").value`
	rows    = `Array.from(document.querySelectorAll("tr"), r => Array.from(r.cells, c => c.textContent).join("|"))`
)

// Contract B125, B126, B127.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)

	t.Run("the keyboard is enough to search", func(t *testing.T) {
		b.open(t, "/")
		if got, want := eval[string](t, b, message), "Enter words describing characters."; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		b.follow(t, chromedp.KeyEvent("rook black\r")) // into what has the focus
		want := []string{
			"U+265C|♜|BLACK CHESS ROOK",
			"U+1FA11|🨑|BLACK CHESS ROOK ROTATED NINETY DEGREES",
			"U+1FA26|🨦|BLACK CHESS TURNED ROOK",
			"U+1FA3B|🨻|BLACK CHESS ROOK ROTATED TWO HUNDRED SEVENTY DEGREES",
			"U+1FA52|🩒|BLACK CHESS KNIGHT-ROOK",
		}
		if got := eval[[]string](t, b, rows); !slices.Equal(got, want) {
			t.Errorf("rows %q; want %q", got, want)
		}
		if got, want := eval[string](t, b, message), "5 matches for 'rook black'"; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		if got, want := eval[string](t, b, value), "rook black"; got != want {
			t.Errorf("the input holds %q; want %q", got, want)
		}
	})

	t.Run("the button searches", func(t *testing.T) {
		b.open(t, "/")
		b.do(t, chromedp.SendKeys(chromedp.CSS("[name=query]"), "registered"))
		b.follow(t, chromedp.Click(chromedp.CSS("[type=submit]")))
		if got, want := eval[[]string](t, b, rows), []string{"U+00AE|®|REGISTERED SIGN"}; !slices.Equal(got, want) {
			t.Errorf("rows %q; want %q", got, want)
		}
	})

	t.Run("an example is a link", func(t *testing.T) {
		b.open(t, "/")
		b.follow(t, chromedp.Click(chromedp.CSS(`a[href="/?query=Braille"]`)))
		if got, want := eval[string](t, b, message), "256 matches for 'Braille'"; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		if got := eval[int](t, b, `document.querySelectorAll("tr").length`); got != 256 {
			t.Errorf("%d rows; want 256", got)
		}
	})

	t.Run("a script in a query stays text", func(t *testing.T) {
		for _, query := range []string{`<script>window.ran = 1</script>`, `"><img src=x onerror="window.ran = 1">`} {
			b.open(t, "/")
			b.do(t, chromedp.SendKeys(chromedp.CSS("[name=query]"), query))
			b.follow(t, chromedp.Click(chromedp.CSS("[type=submit]")))
			if got := eval[string](t, b, value); got != query {
				t.Errorf("the input holds %q; want %q", got, query)
			}
			if got, want := eval[string](t, b, message), "No match for '"+query+"'"; got != want {
				t.Errorf("message %q; want %q", got, want)
			}
			if eval[bool](t, b, `"ran" in window || document.scripts.length + document.querySelectorAll("main img").length > 0`) {
				t.Errorf("the query %s became a part of the page", query)
			}
		}
	})

	t.Run("many rows open at once", func(t *testing.T) {
		b.open(t, "/?query=letter")
		if got := eval[int](t, b, `document.querySelectorAll("tr").length`); got < 10_000 {
			t.Errorf("%d rows; want all", got)
		}
		b.do(t, chromedp.Evaluate[chromedp.Void](`document.querySelector("tr:last-child").scrollIntoView()`))
		if top := eval[float64](t, b, `document.querySelector("form").getBoundingClientRect().top`); top < 0 || top > 1 {
			t.Errorf("at the last row the form is %v pixels from the top; want 0: in sight", top)
		}
	})

	screens := []struct {
		name          string
		width, height int64
		dark          bool
	}{
		{"light", 1100, 800, false},
		{"dark", 1100, 800, true},
		{"phone", 380, 760, false},
		{"phone-dark", 380, 760, true},
	}
	for _, screen := range screens {
		t.Run("the page fits the screen "+screen.name, func(t *testing.T) {
			scheme := "light"
			if screen.dark {
				scheme = "dark"
			}
			b.prefer(t, scheme)
			b.do(t, chromedp.EmulateViewport(screen.width, screen.height, chromedp.EmulateScale(2)))
			for name, target := range map[string]string{
				"home": "/", "chess": "/?query=chess", "bismillah": "/?query=bismillah", "face": "/?query=face", "none": "/?query=" + strings.Repeat("qwertyuiop", 30),
			} {
				b.open(t, target)
				if wide := eval[int64](t, b, `document.documentElement.scrollWidth`); wide > screen.width {
					t.Errorf("%s is %d pixels wide; want no more than %d", name, wide, screen.width)
				}
				if light := eval[int](t, b, `parseInt(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`); light > 127 == screen.dark {
					t.Errorf("%s has a background of lightness %d of 255 where the user prefers %s", name, light, scheme)
				}
				b.screenshot(t, name+"-"+screen.name)
			}
		})
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, path := range b.asked {
		if !slices.Contains([]string{"/", "/charfinder.css", "/charfinder.svg"}, path) {
			t.Errorf("the browser asked for %s", path)
		}
	}
}

// screenshot writes what is in sight to the directory that TEST_SCREENSHOTS
// names, if it does.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("screenshot %s: %v", name, err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)); err != nil {
		t.Fatal(err)
	}
}
