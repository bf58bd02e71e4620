package tcp_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/tcp"
)

// application describes one of the tcp module and these options.
func application(set []string, options ...fx.Option) *container.Container {
	process := container.Process{
		Stdout:  io.Discard,
		Stderr:  io.Discard,
		Sources: config.Sources{Environ: []string{}, Set: set},
	}
	return container.New(process, append(options, container.Module, tcp.Module, fx.Provide(zap.NewNop))...)
}

func newEcho(*zap.Logger) tcp.LineServer { return echo() }

func newCopyBack(*zap.Logger) (tcp.StreamServer, error) {
	return tcp.StreamServer{Name: "copy", Address: "127.0.0.1:0", Handle: copyBack}, nil
}

func TestApplicationServesWhatFeaturesRegister(t *testing.T) {
	t.Parallel()

	app := application([]string{"tcp.address=127.0.0.1:0"}, tcp.Server(newEcho), tcp.Server(newCopyBack))
	servers, err := container.Get[*tcp.Servers](app)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &kit{Servers: servers, t: t}
	urls := servers.URLs()
	if len(urls) != 2 {
		t.Fatalf("URLs = %q; want one of each server", urls)
	}
	for i, want := range []string{"a", "[a]"} { // copy, echo
		c := k.dialTo(urls[i])
		c.send("a\n")
		c.want(want)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Error("stop:", err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(urls[0], "tcp://")); err == nil {
		_ = conn.Close()
		t.Errorf("%s is served after the stop", urls[0])
	}
}

func TestConstructorThatReturnsNoServerIsNamed(t *testing.T) {
	t.Parallel()

	const want = "want a function that returns a tcp.LineServer or a tcp.StreamServer, and perhaps an error"
	tests := []struct {
		name        string
		constructor any
		text        string
	}{
		{"another type", newNumber, "tcp_test.newNumber): got func() int"},
		{"a pointer", newPointer, "tcp_test.newPointer): got func() *tcp.LineServer"},
		{"too many results", newTwo, "tcp_test.newTwo): got func() (tcp.LineServer, tcp.LineServer)"},
		{"no results", func() {}, "got func()"},
		{"a value", echo(), "tcp.Server(no function): got tcp.LineServer"},
		{"nil", nil, "tcp.Server(no function): got <nil>"},
		{"a nil function", (func() tcp.LineServer)(nil), "tcp.Server(nil): got func() tcp.LineServer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			err := application(nil, tcp.Server(tt.constructor)).Build()
			if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), want) {
				t.Errorf("build = %v; want %q and %q", err, tt.text, want)
			}
		})
	}
}

func newNumber() int                             { return 1 }
func newPointer() *tcp.LineServer                { return nil }
func newTwo() (tcp.LineServer, tcp.LineServer)   { return echo(), echo() }
func newBroken() (tcp.LineServer, error)         { return tcp.LineServer{}, errors.New("no index") }
func newSecond(*zap.Logger) (s tcp.StreamServer) { s.Name, s.Handle = "second", copyBack; return s }

func TestErrorsOfRegisteredServersFailTheBuild(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name    string
		options []fx.Option
		set     []string
		want    []string
	}{
		{"a constructor", []fx.Option{tcp.Server(newBroken)}, nil, []string{"no index"}},
		{"two on one address", []fx.Option{tcp.Server(newEcho), tcp.Server(newSecond)}, nil, []string{`"echo"`, `"second"`, "tcp.address"}},
		{"a bad setting", nil, []string{"tcp.address=127.0.0.1:70000", "tcp.line_timeout=0s"}, []string{"tcp.address", `"70000" is not a number`, "tcp.line_timeout", "more than 0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			err := application(tt.set, tt.options...).Build()
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("build = %v; want %q in the error", err, want)
				}
			}
		})
	}
}
