//go:build soak

package tcp_test

import (
	"bytes"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/ostov/modules/tcp"
)

func TestGigabyteWithoutALineFeedTakesNoMemory(t *testing.T) {
	s := echo()
	s.MaxLine = 64 << 10
	k := start(t, server(s))
	other := k.dial()

	for range 20 {
		before := memory()
		c := k.dial()
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		sent := 0
		for range 1 << 10 {
			n, err := c.Write(chunk)
			sent += n
			if err != nil {
				break
			}
		}
		if sent == 1<<30 {
			t.Fatal("1 GiB without a line feed was taken")
		}
		c.wantClosed()
		if after := memory(); after-before > 1<<20 {
			t.Errorf("%d bytes sent: memory grew by %.0f bytes; want none to speak of", sent, after-before)
		}
		other.send("a\n")
		other.want("[a]\n")
	}
}

func TestMillionLinesOfAClientThatNeverReadsTakeNoMemory(t *testing.T) {
	k := start(t, server(echo()))
	before := memory()
	c := k.dial()
	lines := bytes.Repeat([]byte("0123456789\n"), 10_000)
	begun := time.Now()
	for range 100 {
		if _, err := c.Write(lines); err != nil {
			break
		}
	}
	wrote := time.Since(begun)
	_, _ = c.Write(bytes.Repeat(lines, 1000)) // until it is closed
	if took := time.Since(begun); took < 10*time.Second || took > wrote+11*time.Second {
		t.Errorf("closed after %v, lines were taken for %v; want write_timeout, 10s, later", took, wrote)
	}
	if after := memory(); after-before > 10<<20 {
		t.Errorf("memory grew by %.0f bytes; want less than 10 MiB", after-before)
	}
}

func TestSilentClientsHinderNobody(t *testing.T) {
	const silent, trickling = 2000, 500
	k := start(t, server(echo()), configured(func(c *tcp.Config) { c.MaxConnections = 0 }))
	alone := p99(k)

	var waiting sync.WaitGroup
	watch := func(c *client, want time.Duration) {
		begun := time.Now()
		waiting.Go(func() {
			_, _ = io.Copy(io.Discard, c.Conn)
			if took := time.Since(begun); took < want-time.Second || took > want+time.Second {
				t.Errorf("closed after %v; want %v", took, want)
			}
		})
	}
	for range silent {
		watch(k.dial(), 10*time.Second)
	}
	for range trickling {
		c := k.dial()
		watch(c, 30*time.Second)
		waiting.Go(func() {
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				<-time.After(5 * time.Second)
			}
		})
	}
	if crowded := p99(k); crowded > 2*alone+5*time.Millisecond {
		t.Errorf("p99 of an answer = %v beside silent clients; want at most twice %v", crowded, alone)
	}
	waiting.Wait()
}

// p99 of the time that one line of many takes.
func p99(k *kit) time.Duration {
	c := k.dial()
	times := make([]time.Duration, 5000)
	for i := range times {
		begun := time.Now()
		c.send("a\n")
		c.want("[a]\n")
		times[i] = time.Since(begun)
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

// memory is what the program holds on heap and stacks.
func memory() float64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
