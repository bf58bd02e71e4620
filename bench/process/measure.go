package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"example.com/ostov/bench/program"
)

// oneLife is the longest that a program may live.
const oneLife = 5 * time.Minute

// addresses are the flags with which the application takes free ports.
var addresses = []string{"--set", "http.address=127.0.0.1:0", "--set", "tcp.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0"}

// measure builds the programs in dir and runs them there.
func measure(ctx context.Context, o options, dir string) ([]figure, error) {
	app, bare := filepath.Join(dir, "app"), filepath.Join(dir, "echo")
	began := time.Now()
	used, err := program.Build(ctx, o.source, "./cmd/app", app, "GOCACHE="+filepath.Join(dir, "cache"))
	if err != nil {
		return nil, err
	}
	built := time.Since(began)
	binary, err := os.Stat(app)
	if err != nil {
		return nil, err
	}
	if _, err := program.Build(ctx, ".", "./http/servers/echo", bare); err != nil {
		return nil, err
	}

	// In turn, so that what else the machine does meets both.
	var bareReady, ready, answered, gone []time.Duration
	for range o.runs {
		visited, err := visit(ctx, "/hello/world", bare)
		if err != nil {
			return nil, err
		}
		bareReady = append(bareReady, visited.ready)
		if visited, err = visit(ctx, "/api/chars?query=rook+black", app, addresses...); err != nil {
			return nil, err
		}
		ready = append(ready, visited.ready)
		answered = append(answered, visited.answered)
		gone = append(gone, visited.gone)
	}

	figures := []figure{
		{what: "bare Echo: exec to its ready line", value: ms(median(bareReady)), unit: "ms"},
		{what: "exec to the ready line", value: ms(median(ready)), unit: "ms"},
		{what: "the same, more than bare Echo", value: ms(median(ready) - median(bareReady)), target: 40, unit: "ms"},
		{what: "first query after the ready line", value: ms(median(answered)), target: 50, unit: "ms"},
		{what: "SIGINT to exit 0", value: ms(median(gone)), target: 1000, unit: "ms"},
		{what: "build from an empty cache", value: built.Seconds(), target: 30, unit: "s"},
		{what: "the same, processor time", value: used.Seconds(), unit: "s"},
		{what: "size of the binary", value: float64(binary.Size()) / 1e6, target: 22, unit: "MB"},
	}
	if runtime.GOOS == "linux" {
		resident, err := residentAfter(ctx, 1000, app)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{what: "resident memory after 1000 queries", value: float64(resident) / 1e6, target: 45, unit: "MB"})
	}
	return figures, nil
}

// visited is how long the parts of a program's short life took.
type visited struct{ ready, answered, gone time.Duration }

// visit starts a program, asks it once, and stops it.
func visit(ctx context.Context, path, binary string, args ...string) (visited, error) {
	ctx, cancel := context.WithTimeout(ctx, oneLife)
	defer cancel()
	p, err := program.Start(ctx, nil, binary, args...)
	if err != nil {
		return visited{}, err
	}
	answered, err := p.Get(ctx, path)
	if err != nil {
		_, stopErr := p.Stop() // says what the program said
		return visited{}, errors.Join(err, stopErr)
	}
	gone, err := p.Stop()
	return visited{p.Ready, answered, gone}, err
}

// residentAfter returns the bytes of memory that are resident once the
// application has answered queries with few, many and no matches, on the page
// and by the API in turn.
func residentAfter(ctx context.Context, queries int, app string) (resident int, err error) {
	ctx, cancel := context.WithTimeout(ctx, oneLife)
	defer cancel()
	p, err := program.Start(ctx, nil, app, addresses...)
	if err != nil {
		return 0, err
	}
	words := []string{"rook black", "chess", "cjk unified ideograph", "letter", "face", "qwertyuiop", "hangul syllable"}
	paths := []string{"/?query=", "/api/chars?query="}
	for i := range queries {
		if _, err := p.Get(ctx, paths[i%len(paths)]+url.QueryEscape(words[i%len(words)])); err != nil {
			_, stopErr := p.Stop()
			return 0, errors.Join(err, stopErr)
		}
	}
	resident, err = p.Resident()
	_, stopErr := p.Stop()
	return resident, errors.Join(err, stopErr)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return (d[(len(d)-1)/2] + d[len(d)/2]) / 2
}
