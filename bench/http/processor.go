package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/ostov/bench/program"
	"example.com/ostov/internal/load"
)

// clients of each server, as many as wrk has for two cores.
const clients = 32

// processor prints the processor time of a request, and what is above a target.
func processor(ctx context.Context, o options, all []*server) (missed []string, err error) {
	programs := make([]*program.Program, len(all))
	defer func() {
		for _, p := range programs {
			if p != nil {
				_, stopped := p.Stop()
				err = errors.Join(err, stopped)
			}
		}
	}()
	for i, s := range all {
		if programs[i], err = s.start(ctx); err != nil {
			return nil, err
		}
		if _, err := ask(ctx, programs[i], o.requests/4); err != nil { // warm up
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	used := make(map[string][]time.Duration)
	for range o.rounds {
		for i, s := range all {
			took, err := ask(ctx, programs[i], o.requests)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			used[s.name] = append(used[s.name], took)
		}
	}

	fmt.Printf("Processor time of a request, the best of %d rounds of %d requests by %d clients; ratios are medians of those of a round.\n\n", o.rounds, o.requests, clients)
	fmt.Printf("| server | µs a request | ratio to %s | ratio to %s |\n| --- | ---: | ---: | ---: |\n", timeouts, stack)
	for _, s := range all {
		fmt.Printf("| %s | %.1f | %s | %s |\n", s.name, best(used[s.name])*1e6, cell(ratio(used, s.name, timeouts)), cell(ratio(used, s.name, stack)))
	}
	fmt.Println()
	for _, target := range []struct {
		name, to string
		most     float64
	}{{ours, timeouts, 1.4}, {ours, stack, 0.8}} {
		if got := ratio(used, target.name, target.to); got > target.most {
			missed = append(missed, fmt.Sprintf("%s takes %.2f times %s, more than %.1f", target.name, got, target.to, target.most))
		}
	}
	fmt.Print(strings.Join(append(missed, ""), "\n"))
	return missed, nil
}

// ask sends requests and returns the processor time that each took.
func ask(ctx context.Context, p *program.Program, requests int) (time.Duration, error) {
	before, err := p.Processor()
	if err != nil {
		return 0, err
	}
	r := load.Load{Address: address(p), Path: "/hello/world", Clients: clients, Count: requests}.Run(ctx)
	after, err := p.Processor()
	if err != nil {
		return 0, err
	}
	if r.Statuses[200] != requests {
		return 0, fmt.Errorf("%v; want %d answers 200", r, requests)
	}
	return (after - before) / time.Duration(requests), nil
}

func address(p *program.Program) string { return strings.TrimPrefix(p.URL, "http://") }

// ratio is the median of those within a round: what else the machine does meets
// both servers. Without one of the two it is 0.
func ratio(used map[string][]time.Duration, name, to string) float64 {
	if used[name] == nil || used[to] == nil {
		return 0
	}
	ratios := make([]float64, len(used[name]))
	for i, d := range used[name] {
		ratios[i] = d.Seconds() / used[to][i].Seconds()
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func cell(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ratio)
}

// best is the least, in seconds.
func best(d []time.Duration) float64 { return slices.Min(d).Seconds() }
