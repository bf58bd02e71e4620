package tcp_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"testing"

	"go.uber.org/zap"

	"example.com/ostov/modules/tcp"
)

// quiet makes servers without a log that serve until the benchmark ends.
func quiet(b *testing.B, s tcp.LineServer) *kit {
	b.Helper()

	return start(b, server(s), func(p *tcp.Params) { p.Log = zap.NewNop() },
		configured(func(c *tcp.Config) { c.MaxConnections = 0 }))
}

// BenchmarkLine is one line and its answer, over loopback.
func BenchmarkLine(b *testing.B) {
	line := append(bytes.Repeat([]byte("x"), 31), '\n')
	reply := []byte("[" + string(line[:31]) + "]\n")
	s := echo()
	s.Answer = func(_ context.Context, _ []byte, w io.Writer) error {
		_, err := w.Write(reply)
		return err
	}

	b.Run("one by one", func(b *testing.B) {
		c := quiet(b, s).dial()
		answer := make([]byte, len(reply))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Write(line); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c.Conn, answer); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("side by side", func(b *testing.B) {
		k := quiet(b, s)
		b.ReportAllocs()
		b.SetParallelism(50)
		b.RunParallel(func(pb *testing.PB) {
			c := k.dial()
			answer := make([]byte, len(reply))
			for pb.Next() {
				if _, err := c.Write(line); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c.Conn, answer); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	b.Run("pipelined", func(b *testing.B) {
		c := quiet(b, s).dial()
		b.ReportAllocs()
		b.ResetTimer()
		go func() {
			w := bufio.NewWriterSize(c.Conn, 64<<10)
			for range b.N {
				_, _ = w.Write(line)
			}
			_ = w.Flush()
		}()
		if _, err := io.CopyN(io.Discard, c.Conn, int64(b.N*len(reply))); err != nil {
			b.Fatal(err)
		}
	})
}
