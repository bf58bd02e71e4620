package tcp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"example.com/ostov/modules/tcp"
)

// stream makes a server of a handler.
func stream(handle func(ctx context.Context, conn net.Conn) error) setting {
	return server(tcp.StreamServer{Name: "stream", Handle: handle})
}

// copyBack sends back what it gets, until the end of input.
func copyBack(_ context.Context, conn net.Conn) error {
	_, err := io.Copy(conn, conn)
	return err
}

func TestStreamCanCloseOneDirection(t *testing.T) {
	t.Parallel()

	k := start(t, stream(func(_ context.Context, conn net.Conn) error {
		if _, err := io.WriteString(conn, "that is all"); err != nil {
			return err
		}
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return err
		}
		got, err := io.ReadAll(conn)
		if string(got) != "thank you" {
			return fmt.Errorf("got %q: %w", got, err)
		}
		return err
	}))
	c := k.dial()
	c.wantEnd("that is all")
	c.send("thank you")
	c.half()
	k.stop()
	k.wantLogged(zap.ErrorLevel, 0)
}

func TestStreamHasTimeLimitsUntilItSetsItsOwn(t *testing.T) {
	t.Parallel()

	read := func(_ context.Context, conn net.Conn) error {
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	write := func(_ context.Context, conn net.Conn) error {
		_, err := conn.Write(make([]byte, 1))
		return err
	}
	tests := []struct {
		name   string
		handle func(context.Context, net.Conn) error
		want   time.Duration
	}{
		{"a read", read, 5 * time.Minute},
		{"a write", write, 10 * time.Second},
		{"a read with its own", func(ctx context.Context, conn net.Conn) error {
			return errors.Join(conn.SetReadDeadline(time.Now().Add(time.Hour)), read(ctx, conn))
		}, time.Hour},
		{"a write with its own", func(ctx context.Context, conn net.Conn) error {
			return errors.Join(conn.SetWriteDeadline(time.Now().Add(time.Hour)), write(ctx, conn))
		}, time.Hour},
		{"a write with its own for both", func(ctx context.Context, conn net.Conn) error {
			return errors.Join(conn.SetDeadline(time.Now().Add(time.Hour)), write(ctx, conn))
		}, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				k := startPipes(t, stream(func(ctx context.Context, conn net.Conn) error {
					err := tt.handle(ctx, conn)
					ended <- err
					return err
				}))
				at := time.Now()
				k.dial()
				if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("error = %v; want the deadline", err)
				}
				if took := time.Since(at); took != tt.want {
					t.Errorf("failed after %v; want %v", took, tt.want)
				}
				synctest.Wait()
				k.wantLogged(zap.ErrorLevel, 0)
			})
		})
	}
}

func TestReadsOfAStreamFailOnceAStopHasBegun(t *testing.T) {
	t.Parallel()

	k := start(t, stream(func(_ context.Context, conn net.Conn) error {
		lines := bufio.NewReader(conn)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				// A deadline of its own does not make it wait again.
				_ = conn.SetReadDeadline(time.Now().Add(time.Hour))
				if _, again := conn.Read(make([]byte, 1)); !errors.Is(again, os.ErrDeadlineExceeded) {
					return fmt.Errorf("second read during the stop: %w", again)
				}
				_, _ = io.WriteString(conn, "goodbye\n")
				return err
			}
			if _, err := io.WriteString(conn, line); err != nil {
				return err
			}
		}
	}))
	c := k.dial()
	c.send("a\n")
	c.want("a\n")
	k.stop()
	c.wantEnd("goodbye\n")
	k.wantLogged(zap.ErrorLevel, 0)
	k.wantLogged(zap.WarnLevel, 0)
}

func TestStreamThatWaitsIsCancelledInTheLastSecondOfTheDrain(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		k := startPipes(t, stream(func(ctx context.Context, _ net.Conn) error {
			<-ctx.Done()
			return ctx.Err()
		}))
		c := k.dial()
		k.stopTakes(9 * time.Second)
		c.wantEnd("")
		k.wantLogged(zap.ErrorLevel, 0)
	})
}

func TestFaultsOfAStreamAreLoggedOnce(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name   string
		handle func(context.Context, net.Conn) error
		errors int
	}{
		{"panic", func(context.Context, net.Conn) error { panic("out of order") }, 1},
		{"panic with a normal end", func(context.Context, net.Conn) error { panic(tcp.ErrClose) }, 1},
		{"panic with an error of the connection", func(_ context.Context, conn net.Conn) error {
			_ = conn.Close()
			_, err := conn.Read(make([]byte, 1))
			panic(err)
		}, 1},
		{"error", func(context.Context, net.Conn) error { return errors.New("out of order") }, 1},
		{"error of another connection", func(context.Context, net.Conn) error { return &net.OpError{Op: "read", Err: io.EOF} }, 1},
		{"Goexit", func(context.Context, net.Conn) error { runtime.Goexit(); return nil }, 1},
		{"nil", func(context.Context, net.Conn) error { return nil }, 0},
		{"ErrClose", func(context.Context, net.Conn) error { return tcp.ErrClose }, 0},
		{"end of its input", func(_ context.Context, conn net.Conn) error {
			_, err := io.ReadFull(conn, make([]byte, 2))
			return fmt.Errorf("head: %w", err)
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			k := start(t, stream(tt.handle))
			c := k.dial()
			c.half()
			c.wantEnd("")
			k.stop()
			k.wantLogged(zap.ErrorLevel, tt.errors)
		})
	}
}

func TestWritesOfAStreamDoNotMix(t *testing.T) {
	t.Parallel()

	const size = 1_000_000 // many chunks
	k := startPipes(t, stream(func(_ context.Context, conn net.Conn) error {
		done := make(chan error, 2)
		for _, letter := range []string{"a", "b"} {
			go func() {
				_, err := io.WriteString(conn, strings.Repeat(letter, size))
				done <- err
			}()
		}
		return errors.Join(<-done, <-done)
	}))
	got, err := io.ReadAll(k.dial())
	if err != nil || len(got) != 2*size {
		t.Fatalf("got %d bytes (%v); want %d", len(got), err, 2*size)
	}
	if rest := bytes.TrimLeft(got, string(got[0])); len(rest) != size {
		t.Errorf("the second write begins after %d bytes of the first; want all %d", 2*size-len(rest), size)
	}
}
