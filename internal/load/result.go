package load

import (
	"fmt"
	"slices"
	"time"
)

// Result is what the clients of a [Load] saw. Each request is counted once.
type Result struct {
	Statuses map[int]int // whole answers by their status

	LostReused int // requests without a byte of an answer, on a connection that had one before
	LostQuiet  int // the same, where nothing came for half a second, the time of the quickest answer apart: a server that drains closes such a one
	LostNew    int // the same, on a new connection
	Truncated  int // answers that ended early
	Refused    int // connections that could not be made; no request was sent

	Latencies []time.Duration // of whole answers, in no order; connecting included
	First     error           // of one client's failures, with its time of day
}

// Answered returns how many whole answers there were.
func (r Result) Answered() int { return len(r.Latencies) }

// Failed returns how many requests had none. A connection that was refused lost
// no request: see Refused.
func (r Result) Failed() int { return r.LostReused + r.LostNew + r.Truncated }

// Percentile returns the latency that a part p of the answers, from 0 to 1, did
// not exceed; 0 where there are none.
func (r Result) Percentile(p float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.Latencies))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// String returns the counts, and the first failure where there is one.
func (r Result) String() string {
	text := fmt.Sprintf("answered %d %v, lost %d on reused connections and %d on new ones, truncated %d, refused %d",
		r.Answered(), r.Statuses, r.LostReused, r.LostNew, r.Truncated, r.Refused)
	if r.LostQuiet > 0 {
		text += fmt.Sprintf(", lost %d on connections that were quiet", r.LostQuiet)
	}
	if r.First != nil {
		text += fmt.Sprintf("; first at %v", r.First)
	}
	return text
}

// add adds what another client saw.
func (r *Result) add(other Result) {
	for status, n := range other.Statuses {
		r.Statuses[status] += n
	}
	r.LostReused += other.LostReused
	r.LostQuiet += other.LostQuiet
	r.LostNew += other.LostNew
	r.Truncated += other.Truncated
	r.Refused += other.Refused
	r.Latencies = append(r.Latencies, other.Latencies...)
	if r.First == nil {
		r.First = other.First
	}
}
