package ostov_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheGraphIsComplete(t *testing.T) {
	t.Parallel()

	if err := fx.ValidateApp(modules.All(), fx.NopLogger); err != nil {
		t.Error(err)
	}
}

func TestTheGivenModulesAreInTheGraph(t *testing.T) {
	t.Parallel()

	var given struct {
		fx.In

		Container  *container.Container
		Dispatcher *dispatcher.Dispatcher
		Echo       *echo.Echo
	}
	apptest.Start(t, fx.Populate(&given))
	if given.Container == nil || given.Dispatcher == nil || given.Echo == nil {
		t.Errorf("the graph gives %v, %v, %v; want all three", given.Container, given.Dispatcher, given.Echo)
	}
}

func TestTheApplicationAnswersAndStops(t *testing.T) {
	t.Parallel()

	app := apptest.Start(t)
	if status, body := app.Get("/api/chars?query=chess+knight+black"); status != 200 || !strings.Contains(body, "♞") {
		t.Errorf("GET /api/chars = %d %s; want 200 with ♞", status, body)
	}
	for _, url := range []string{"/livez", "/readyz", app.Admin + "/livez", app.Admin + "/readyz", app.Admin + "/startupz"} {
		if status, body := app.Get(url); status != 200 {
			t.Errorf("GET %s = %d %s; want 200", url, status, body)
		}
	}

	session := app.Dial()
	if _, err := io.WriteString(session, "registered sign\r\n"); err != nil {
		t.Fatal(err)
	}
	want := "?> U+00AE \t®\tREGISTERED SIGN\r\n1 match for 'registered sign'\r\n?> "
	got := make([]byte, len(want))
	if _, err := io.ReadFull(session, got); err != nil || string(got) != want {
		t.Errorf("the session said %q, %v; want %q", got, err, want)
	}

	if err := app.Stop(); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if rest, err := io.ReadAll(session); err != nil || len(rest) > 0 {
		t.Errorf("after the stop the session said %q, %v; want its end", rest, err)
	}
}

func TestPlainFxRunsTheWholeApplication(t *testing.T) {
	t.Parallel()

	process := container.Process{
		Stdout: io.Discard, Stderr: io.Discard,
		Sources: config.Sources{Environ: []string{}, Set: []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0", "admin.address=127.0.0.1:0"}},
	}
	app := fx.New(modules.All(), fx.Supply(process))
	if err := errors.Join(app.Err(), app.Start(t.Context()), app.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}
