package tcp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/tcp"
)

// newShouter returns a server that answers each line in capital letters, until
// a client says bye.
func newShouter() tcp.LineServer {
	return tcp.LineServer{
		Name:     "shouter",
		Greeting: "WHAT? ",
		Answer: func(_ context.Context, line []byte, w io.Writer) error {
			if string(line) == "bye" {
				return tcp.ErrClose
			}
			_, err := fmt.Fprintf(w, "%s!\nWHAT? ", strings.ToUpper(string(line)))
			return err
		},
	}
}

// A feature registers a line protocol in its module.go.
func ExampleServer() {
	shouter := fx.Module("shouter",
		tcp.Server(newShouter),
	)

	app := container.New(
		container.Process{
			Stdout:  io.Discard,
			Sources: config.Sources{Environ: []string{}, Set: []string{"tcp.address=127.0.0.1:0"}},
		},
		container.Module, tcp.Module, shouter, fx.Provide(zap.NewNop),
	)
	servers, err := container.Get[*tcp.Servers](app)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := app.Start(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(context.Background()) }()

	conn, err := net.Dial("tcp", strings.TrimPrefix(servers.URLs()[0], "tcp://"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "good morning\nis anybody there?\nbye\n")
	_, _ = io.Copy(os.Stdout, conn)

	// Output:
	// WHAT? GOOD MORNING!
	// WHAT? IS ANYBODY THERE?!
	// WHAT?
}

// A server for a protocol that is not made of lines has the connection.
func ExampleStreamServer() {
	newEcho := func() tcp.StreamServer {
		return tcp.StreamServer{
			Name:    "echo",
			Address: "127.0.0.1:7007",
			Handle: func(_ context.Context, conn net.Conn) error {
				_, err := io.Copy(conn, conn)
				return err
			},
		}
	}

	_ = fx.Module("echo",
		tcp.Server(newEcho),
	)
	// Output:
}
