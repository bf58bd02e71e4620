// Package apptest boots the real application in a test: all modules by [Start], or
// single ones by [StartOnly], on free ports, reading neither app.yaml nor the
// environment. [App] has clients for all that it serves, and waits for its tasks;
// none of them sleeps, and all fail the test by themselves. [Conform] proves that
// modules start and stop as they should. Only test files import it.
package apptest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"

	"example.com/ostov/config"
	"example.com/ostov/internal/testkit"
	"example.com/ostov/modules"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
	httpserver "example.com/ostov/modules/http"
	"example.com/ostov/modules/tcp"
	"example.com/ostov/modules/telemetry"
)

// App is an application that runs in a test.
type App struct {
	// URL and TCP are where it serves: http://127.0.0.1:port and
	// 127.0.0.1:port. Admin is the URL of the admin server.
	URL, TCP, Admin string

	t      testing.TB
	own    *container.Container
	client http.Client
	observed

	dispatcher *dispatcher.Dispatcher
}

// Start boots the application and stops it when the test ends; both must
// succeed. Options are added to the modules: fx.Replace and fx.Decorate change
// one part, fx.Populate gives one to the test, [Set] changes a setting. Tests
// that call it may be parallel.
func Start(t testing.TB, options ...fx.Option) *App {
	t.Helper()
	return start(t, append([]fx.Option{modules.All(), Set("admin.address", "127.0.0.1:0")}, options...))
}

// StartOnly boots the given modules, with fakes for what they need of others
// (fx.Supply, fx.Provide), on those that a feature stands on: container, telemetry,
// dispatcher, http and tcp. There is no other feature and no admin server. Else
// it is as [Start].
func StartOnly(t testing.TB, options ...fx.Option) *App {
	t.Helper()
	return start(t, append(platform(), options...))
}

// platform is what a feature stands on.
func platform() []fx.Option {
	return []fx.Option{container.Module, telemetry.Module, dispatcher.Module, httpserver.Module, tcp.Module}
}

func start(t testing.TB, options []fx.Option) *App {
	t.Helper()
	var stdout testkit.Buffer
	a := &App{t: t}
	process := container.Process{
		Stdout: &stdout,
		Stderr: stderr{t, &a.records},
		Sources: config.Sources{
			Environ: []string{},
			Set:     []string{"http.address=127.0.0.1:0", "tcp.address=127.0.0.1:0"},
		},
	}
	for _, o := range options {
		if s, ok := o.(setting); ok {
			process.Sources.Set = append(process.Sources.Set, s.text)
		}
	}
	a.own = container.New(process, slices.Concat(a.options(options), options, []fx.Option{fx.Populate(&a.dispatcher)})...)
	a.client.Transport = new(http.Transport) // connections of its own, closed with the application
	a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if err := a.own.Start(t.Context()); err != nil {
		t.Fatalf("start the application: %v", err)
	}
	t.Cleanup(func() {
		if err := a.Stop(); err != nil {
			t.Errorf("stop the application: %v", err)
		}
	})
	var tcp string
	a.URL, tcp, a.Admin = testkit.Served(stdout.String())
	_, a.TCP, _ = strings.Cut(tcp, "://")
	return a
}

// Stop stops the application before the test ends and returns what the stop
// returned.
func (a *App) Stop() error {
	a.client.CloseIdleConnections()
	return a.own.Stop(context.WithoutCancel(a.t.Context()))
}

// Set changes a setting, as --set key=value does.
func Set(key, value string) fx.Option {
	return setting{Option: fx.Options(), text: key + "=" + value}
}

// setting is an option that Fx takes for nothing.
type setting struct {
	fx.Option
	text string
}
