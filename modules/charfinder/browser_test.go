package charfinder_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/ostov/internal/browser"
)

// visited is a site that nobody has asked anything yet, before a browser.
type visited struct {
	*browser.Tab
	site *httptest.Server

	mu    sync.Mutex
	asked []string // paths of the requests that came
}

func visit(t *testing.T) *visited {
	t.Helper()
	b := &visited{Tab: browser.Start(t)}
	routes := newSite(t)
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r.URL.Path)
		b.mu.Unlock()
		routes.ServeHTTP(w, r)
	}))
	t.Cleanup(b.site.Close)
	return b
}

// open loads the page of a query.
func (b *visited) open(t *testing.T, target string) {
	t.Helper()
	b.Do(t, chromedp.Navigate(b.site.URL+target))
}

const (
	message = `document.querySelector("[role=status]").textContent`
	value   = `document.querySelector("[name=query]").value`
	rows    = `Array.from(document.querySelectorAll("tr"), r => Array.from(r.cells, c => c.textContent).join("|"))`
)

// Contract B125, B126, B127.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := visit(t)

	t.Run("the keyboard is enough to search", func(t *testing.T) {
		b.open(t, "/")
		if got, want := browser.Eval[string](t, b.Tab, message), "Enter words describing characters."; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		b.Follow(t, chromedp.KeyEvent("rook black\r")) // into what has the focus
		want := []string{
			"U+265C|♜|BLACK CHESS ROOK",
			"U+1FA11|🨑|BLACK CHESS ROOK ROTATED NINETY DEGREES",
			"U+1FA26|🨦|BLACK CHESS TURNED ROOK",
			"U+1FA3B|🨻|BLACK CHESS ROOK ROTATED TWO HUNDRED SEVENTY DEGREES",
			"U+1FA52|🩒|BLACK CHESS KNIGHT-ROOK",
		}
		if got := browser.Eval[[]string](t, b.Tab, rows); !slices.Equal(got, want) {
			t.Errorf("rows %q; want %q", got, want)
		}
		if got, want := browser.Eval[string](t, b.Tab, message), "5 matches for 'rook black'"; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		if got, want := browser.Eval[string](t, b.Tab, value), "rook black"; got != want {
			t.Errorf("the input holds %q; want %q", got, want)
		}
	})

	t.Run("the button searches", func(t *testing.T) {
		b.open(t, "/")
		b.Do(t, chromedp.SendKeys(chromedp.CSS("[name=query]"), "registered"))
		b.Follow(t, chromedp.Click(chromedp.CSS("[type=submit]")))
		if got, want := browser.Eval[[]string](t, b.Tab, rows), []string{"U+00AE|®|REGISTERED SIGN"}; !slices.Equal(got, want) {
			t.Errorf("rows %q; want %q", got, want)
		}
	})

	t.Run("an example is a link", func(t *testing.T) {
		b.open(t, "/")
		b.Follow(t, chromedp.Click(chromedp.CSS(`a[href="/?query=Braille"]`)))
		if got, want := browser.Eval[string](t, b.Tab, message), "256 matches for 'Braille'"; got != want {
			t.Errorf("message %q; want %q", got, want)
		}
		if got := browser.Eval[int](t, b.Tab, `document.querySelectorAll("tr").length`); got != 256 {
			t.Errorf("%d rows; want 256", got)
		}
	})

	t.Run("a script in a query stays text", func(t *testing.T) {
		for _, query := range []string{`<script>window.ran = 1</script>`, `"><img src=x onerror="window.ran = 1">`} {
			b.open(t, "/")
			b.Do(t, chromedp.SendKeys(chromedp.CSS("[name=query]"), query))
			b.Follow(t, chromedp.Click(chromedp.CSS("[type=submit]")))
			if got := browser.Eval[string](t, b.Tab, value); got != query {
				t.Errorf("the input holds %q; want %q", got, query)
			}
			if got, want := browser.Eval[string](t, b.Tab, message), "No match for '"+query+"'"; got != want {
				t.Errorf("message %q; want %q", got, want)
			}
			if browser.Eval[bool](t, b.Tab, `"ran" in window || document.scripts.length + document.querySelectorAll("main img").length > 0`) {
				t.Errorf("the query %s became a part of the page", query)
			}
		}
	})

	t.Run("many rows open at once", func(t *testing.T) {
		b.open(t, "/?query=letter")
		if got := browser.Eval[int](t, b.Tab, `document.querySelectorAll("tr").length`); got < 10_000 {
			t.Errorf("%d rows; want all", got)
		}
		b.Do(t, chromedp.Evaluate[chromedp.Void](`document.querySelector("tr:last-child").scrollIntoView()`))
		if top := browser.Eval[float64](t, b.Tab, `document.querySelector("form").getBoundingClientRect().top`); top < 0 || top > 1 {
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
			b.Show(t, screen.width, screen.height, screen.dark)
			for name, target := range map[string]string{
				"home": "/", "chess": "/?query=chess", "bismillah": "/?query=bismillah", "face": "/?query=face", "none": "/?query=" + strings.Repeat("qwertyuiop", 30),
			} {
				b.open(t, target)
				if wide := browser.Eval[int64](t, b.Tab, `document.documentElement.scrollWidth`); wide > screen.width {
					t.Errorf("%s is %d pixels wide; want no more than %d", name, wide, screen.width)
				}
				if light := browser.Eval[int](t, b.Tab, `parseInt(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`); light > 127 == screen.dark {
					t.Errorf("%s has a background of lightness %d of 255 on the screen %s", name, light, screen.name)
				}
				b.Screenshot(t, name+"-"+screen.name)
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
