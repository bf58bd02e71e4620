// Command process measures the application as a process: how fast it is there,
// how much memory it takes, how fast it is gone, and what building it costs.
//
//	go run ./process         print the figures
//	go run ./process -check  and fail where a target is missed
//
// It builds and starts cmd/app of the folder above. Memory is read where /proc is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "fail where a target is missed")
	flag.IntVar(&o.runs, "runs", 20, "starts of each program; figures are their medians")
	flag.StringVar(&o.source, "source", "..", "the application's module")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(1)
	}
}

type options struct {
	check  bool
	runs   int
	source string
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "ostov-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	figures, err := measure(ctx, o, dir)
	if err != nil {
		return err
	}
	fmt.Print(table(figures))
	if missed := missed(figures); o.check && len(missed) > 0 {
		return fmt.Errorf("missed: %s", strings.Join(missed, ", "))
	}
	return nil
}
