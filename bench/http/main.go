// Command http compares HTTP servers: the processor time that a request takes,
// latency at 80 % load, memory of idle connections. Each server is a process of
// its own, and the rounds of one run are interleaved, so that what else the
// machine does meets all. It runs on Linux.
//
//	go run ./http                     print the tables
//	go run ./http -check              and fail where a target is missed
//	go run ./http -only echo,ostov    of these servers only
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"example.com/ostov/bench/program"
)

// server is one that is compared.
type server struct {
	name   string
	folder string // of its program, in servers
	args   []string
	binary string
}

// The servers that targets speak of.
const (
	bare     = "bare Echo"
	timeouts = "bare Echo with time-outs"
	working  = "bare Echo with time-outs and 12 µs of work"
	stack    = "Echo with its own middlewares"
	ours     = "Ostov"
	untraced = "Ostov without tracing"
)

func compared() []*server {
	free := []string{"--set", "http.address=127.0.0.1:0", "--set", "tcp.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0", "--set", "log.format=json", "--set", "tcp.max_connections=0", "--set", "http.max_connections=0"}
	return []*server{
		{name: bare, folder: "echo"},
		{name: timeouts, folder: "echo", args: []string{"-timeouts"}},
		{name: working, folder: "echo", args: []string{"-timeouts", "-work", "12us"}},
		{name: untraced, folder: "ostov", args: free},
		{name: ours, folder: "ostov", args: append([]string{"-trace"}, free...)},
		{name: stack, folder: "stack"},
		{name: "gin", folder: "gin"},
		{name: "Kratos", folder: "kratos"},
		{name: "go-zero", folder: "gozero"},
	}
}

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "fail where a target is missed")
	flag.IntVar(&o.rounds, "rounds", 40, "rounds")
	flag.IntVar(&o.requests, "requests", 5_000, "requests of each server in a round")
	flag.StringVar(&o.only, "only", "", "folders of servers, by comma")
	flag.BoolVar(&o.memory, "memory", true, "measure the memory of connections, too")
	flag.BoolVar(&o.latency, "latency", true, "measure latencies, too")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "http:", err)
		os.Exit(1)
	}
}

type options struct {
	check            bool
	rounds, requests int
	only             string
	memory, latency  bool
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "ostov-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	all := compared()
	if o.only != "" {
		all = slices.DeleteFunc(all, func(s *server) bool { return !slices.Contains(strings.Split(o.only, ","), s.folder) })
	}
	for _, s := range all {
		s.binary = filepath.Join(dir, s.folder)
		if _, err := program.Build(ctx, ".", "./http/servers/"+s.folder, s.binary); err != nil {
			return err
		}
	}
	missed, err := processor(ctx, o, all)
	if err != nil {
		return err
	}
	if o.latency {
		more, err := latency(ctx, o, all)
		if err != nil {
			return err
		}
		missed = append(missed, more...)
	}
	if o.memory {
		if err := memory(ctx, all); err != nil {
			return err
		}
	}
	if o.check && len(missed) > 0 {
		return fmt.Errorf("missed: %s", strings.Join(missed, ", "))
	}
	return nil
}

// start runs a server, whose log goes nowhere.
func (s *server) start(ctx context.Context) (*program.Program, error) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	p, err := program.Start(ctx, nowhere, s.binary, s.args...)
	return p, errors.Join(err, nowhere.Close())
}
