package tcp_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/apptest"
	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/tcp"
)

func newEcho(*zap.Logger) tcp.LineServer { return echo() }

func newCopyBack(*zap.Logger) (tcp.StreamServer, error) {
	return tcp.StreamServer{Name: "copy", Address: "127.0.0.1:0", Handle: copyBack}, nil
}

func TestApplicationServesWhatFeaturesRegister(t *testing.T) {
	t.Parallel()

	var servers *tcp.Servers
	app := apptest.StartOnly(t, tcp.Server(newEcho), tcp.Server(newCopyBack), fx.Populate(&servers))
	urls := servers.URLs()
	if len(urls) != 2 {
		t.Fatalf("URLs = %q; want one of each server", urls)
	}
	for i, want := range []string{"a\n", "[a]\n"} { // copy, echo
		app.TCP = strings.TrimPrefix(urls[i], "tcp://")
		if got := app.Talk("a"); got != want {
			t.Errorf("%s says %q; want %q", urls[i], got, want)
		}
	}
	if err := app.Stop(); err != nil {
		t.Error("stop:", err)
	}
	if conn, err := net.Dial("tcp", app.TCP); err == nil {
		_ = conn.Close()
		t.Errorf("%s is served after the stop", app.TCP)
	}
}

func TestWhatReturnsNoServerIsRefused(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name        string
		constructor any
		want        string
	}{
		{"another type", newNumber, "tcp.Server(tcp_test.newNumber): got func() int; want a function that returns a tcp.LineServer or a tcp.StreamServer, and perhaps an error"},
		{"an error", newBroken, "no index"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			process := container.Process{Stdout: io.Discard, Stderr: io.Discard, Sources: config.Sources{Environ: []string{}}}
			err := container.New(process, container.Module, tcp.Module, fx.Provide(zap.NewNop), tcp.Server(tt.constructor)).Build()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("build = %v; want %q", err, tt.want)
			}
		})
	}
}

func newNumber() int                     { return 1 }
func newBroken() (tcp.LineServer, error) { return tcp.LineServer{}, errors.New("no index") }
