package apptest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/apptest"
	"example.com/ostov/health"
	httpserver "example.com/ostov/modules/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestApplicationsRunSideBySide(t *testing.T) {
	t.Parallel()

	a, b := apptest.Start(t), apptest.Start(t)
	if a.URL == b.URL || a.Admin == b.Admin {
		t.Errorf("%s %s and %s %s; want different addresses", a.URL, a.Admin, b.URL, b.Admin)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if status, _ := b.Get("/livez"); status != http.StatusOK {
		t.Errorf("GET /livez of the other = %d; want 200", status)
	}
}

func TestOptionsAddAndReplaceParts(t *testing.T) {
	t.Parallel()

	app := apptest.Start(t,
		health.Provide(func() health.Check {
			return health.Ready("never", func(context.Context) error { return errors.New("not today") })
		}),
		httpserver.Routes(func() []httpserver.Route {
			return []httpserver.Route{{Method: http.MethodGet, Path: "/more", Handler: func(c echo.Context) error {
				return c.String(http.StatusTeapot, "more")
			}}}
		}),
	)
	if status, body := app.Get("/more"); status != http.StatusTeapot || body != "more" {
		t.Errorf("GET /more = %d %s; want the route of the test", status, body)
	}
	for _, url := range []string{"/readyz", app.Admin + "/readyz"} {
		if status, body := app.Get(url); status != http.StatusServiceUnavailable || strings.Contains(body, "never") {
			t.Errorf("GET %s = %d %s; want 503 and no reason", url, status, body)
		}
	}
}

func TestSetChangesASettingAndPopulateGivesAPart(t *testing.T) {
	t.Parallel()

	var c httpserver.Config
	apptest.Start(t, apptest.Set("http.max_body_bytes", "7"), fx.Populate(&c))
	if c.MaxBodyBytes != 7 {
		t.Errorf("http.max_body_bytes is %d; want what was set", c.MaxBodyBytes)
	}
}
