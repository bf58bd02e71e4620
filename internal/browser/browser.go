// Package browser tries pages in a headless Chromium. It is for test files.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a browser of its own, closed when the test ends.
type Tab struct {
	ctx context.Context //nolint:containedctx // so does chromedp name a tab
}

// Start skips the test where there is no Chromium; with CI=true it fails.
func Start(t *testing.T) *Tab {
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

	profile := t.TempDir()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute) // t.Context ends before the browser is closed
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
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), // there is no network but this machine
	)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	return &Tab{ctx}
}

// Do takes steps one after another.
func (b *Tab) Do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// Follow does what loads another page, and waits for it.
func (b *Tab) Follow(t *testing.T, step chromedp.Action[chromedp.Void]) {
	t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, step); err != nil {
		t.Fatal(err)
	}
}

// Show makes the screen that wide and high, in pixels, of a user who prefers
// dark colours or not.
func (b *Tab) Show(t *testing.T, width, height int64, dark bool) {
	t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Do(t, chromedp.EmulateViewport(width, height, chromedp.EmulateScale(2)))
}

// Eval returns the value of a script in the page.
func Eval[T any](t *testing.T, b *Tab, script string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

// Holds reports whether a script in the page is true. Nothing holds of a page that
// is just being left for another.
func Holds(t *testing.T, b *Tab, script string) bool {
	t.Helper()
	is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+script+")"))
	if left := (*cdproto.Error)(nil); errors.As(err, &left) && left.Code == -32000 { // "Inspected target navigated or closed", and others
		return false
	}
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return is
}

// Screenshot writes what is in sight to the directory that TEST_SCREENSHOTS
// names, if it does.
func (b *Tab) Screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("screenshot %s: %v", name, err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)); err != nil {
		t.Fatal(err)
	}
}
