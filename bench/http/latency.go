package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/ostov/internal/load"
)

// latency prints the latencies of bare Echo and of Ostov at 80 % of what each
// can do at the time on this machine, which the clients share. What a request
// waits for others follows from how long each takes: bare Echo is among them with
// the work of Ostov's parts, too, but none of the parts.
func latency(ctx context.Context, o options, all []*server) (missed []string, err error) {
	compare := []string{bare, timeouts, working, ours}
	p99 := make(map[string][]time.Duration)
	for range o.rounds {
		for _, s := range all {
			if !slices.Contains(compare, s.name) {
				continue
			}
			took, err := atMost(ctx, s, 0.8)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			p99[s.name] = append(p99[s.name], took)
		}
	}
	fmt.Printf("\n99 of 100 answers at 80 %% load, the best of %d rounds; ratios are medians of those of a round.\n\n| server | ms | ratio to %s |\n| --- | ---: | ---: |\n", o.rounds, bare)
	for _, name := range compare {
		if p99[name] != nil {
			fmt.Printf("| %s | %.2f | %s |\n", name, best(p99[name])*1e3, cell(ratio(p99, name, bare)))
		}
	}
	fmt.Println()
	if got := ratio(p99, ours, bare); got > 1.1 {
		missed = append(missed, fmt.Sprintf("p99 at 80 %% load is %.2f times that of %s, more than 1.1", got, bare))
	}
	return missed, nil
}

// atMost returns the 99th percentile at a part of the most that a server can do.
func atMost(ctx context.Context, s *server, part float64) (p99 time.Duration, err error) {
	p, err := s.start(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = p.Stop() }()
	closed := load.Load{Address: address(p), Path: "/hello/world", Clients: clients, Count: 20_000}
	closed.Run(ctx) // warm up
	began := time.Now()
	r := closed.Run(ctx)
	each := time.Duration(float64(time.Since(began)) / float64(r.Answered()) / part) // between two requests

	const perClient = 20_000 / clients
	latencies := make([][]time.Duration, clients)
	errs := make(chan error, clients)
	var sending sync.WaitGroup
	began = time.Now()
	for i := range clients {
		sending.Go(func() {
			var err error
			latencies[i], err = paced(ctx, address(p), began.Add(time.Duration(i)*each), clients*each, perClient)
			errs <- err
		})
	}
	sending.Wait()
	for range clients {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return all[len(all)*99/100], nil
}

// paced sends requests at their times and returns how long each took: from when
// it was sent, or from its time where the answer before came later than that. A
// timer of the client that is late is not the server's delay.
func paced(ctx context.Context, address string, at time.Time, every time.Duration, count int) ([]time.Duration, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // nobody is left to hear the error
	request := "GET /hello/world HTTP/1.1\r\nHost: " + address + "\r\n\r\n"
	reader := bufio.NewReader(c)
	latencies := make([]time.Duration, 0, count)
	for range count {
		began := at
		if early := time.Until(at); early > 0 {
			select {
			case <-time.After(early):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			began = time.Now()
		}
		if _, err := io.WriteString(c, request); err != nil {
			return nil, err
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return nil, err
		}
		_ = answer.Body.Close()
		latencies = append(latencies, time.Since(began))
		at = at.Add(every)
	}
	return latencies, nil
}
