package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// traffic is what the metrics tell of requests, sessions and the process. All but
// gauges counts from the start of the process: a rate is the difference of two
// readings.
type traffic struct {
	Routes      []*calls           `json:"routes"`  // of HTTP
	Servers     []*calls           `json:"servers"` // of TCP
	InFlight    float64            `json:"requests_in_flight"`
	Connections map[string]float64 `json:"connections"`  // of HTTP, by state
	Queue       float64            `json:"queue_length"` // one-shots that wait for a worker
	Process     map[string]float64 `json:"process"`
}

// calls are the requests of one route or server.
type calls struct {
	Method   string   `json:"method,omitempty"`
	Route    string   `json:"route,omitempty"`
	Server   string   `json:"server,omitempty"`
	Sessions *float64 `json:"sessions,omitempty"` // of a server, open now

	Count   uint64    `json:"count"`
	Refused uint64    `json:"refused"` // answered with 4xx
	Failed  uint64    `json:"failed"`  // answered with 5xx; of a server, all that did not end well
	Seconds float64   `json:"seconds"` // of all together
	Bounds  []float64 `json:"bounds"`  // of Buckets, in seconds; the last bucket has none
	Buckets []uint64  `json:"buckets"` // how many took as long, and longer than the bound before
}

// processMetrics are what of the process is shown, by the metric that has it.
var processMetrics = map[string]string{ //nolint:gochecknoglobals // a table
	"process_cpu_seconds_total":     "cpu_seconds",
	"process_resident_memory_bytes": "resident_bytes",
	"process_open_fds":              "open_fds",
	"process_max_fds":               "max_fds",
	"go_goroutines":                 "goroutines",
	"log_records_dropped_total":     "log_records_dropped",
}

func (s *Server) traffic(context.Context) any {
	t := &traffic{Routes: []*calls{}, Servers: []*calls{}, Connections: map[string]float64{}, Process: map[string]float64{}}
	families, _ := s.given.Metrics.Gather() // what cannot be gathered is left out here, and logged for who scrapes
	for _, f := range families {
		for _, m := range f.Metric {
			t.add(f.GetName(), m)
		}
	}
	return t
}

func (t *traffic) add(name string, m *dto.Metric) {
	label := func(name string) string {
		i := slices.IndexFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == name })
		if i < 0 {
			return ""
		}
		return m.Label[i].GetValue()
	}
	value := cmp.Or(m.GetGauge().GetValue(), m.GetCounter().GetValue())
	switch name {
	case "http_server_request_duration_seconds":
		c := find(&t.Routes, calls{Method: label("method"), Route: label("route")})
		c.count(m.GetHistogram(), strings.HasPrefix(label("status"), "4"), strings.HasPrefix(label("status"), "5"))
	case "http_server_requests_in_flight":
		t.InFlight += value
	case "http_server_connections":
		t.Connections[label("state")] += value
	case "tcp_server_request_duration_seconds":
		c := find(&t.Servers, calls{Server: label("server")})
		c.count(m.GetHistogram(), false, label("outcome") != "ok")
	case "tcp_server_sessions":
		find(&t.Servers, calls{Server: label("server")}).Sessions = &value
	case "dispatcher_queue_length":
		t.Queue += value
	default:
		if shown, ok := processMetrics[name]; ok {
			t.Process[shown] = value
		}
	}
}

// find returns the calls with the names of c, which are added where they are new.
// What the registry gathers is sorted by labels: they are the last, if any.
func find(all *[]*calls, c calls) *calls {
	for _, known := range slices.Backward(*all) {
		if known.Method == c.Method && known.Route == c.Route && known.Server == c.Server {
			return known
		}
	}
	c.Bounds, c.Buckets = []float64{}, []uint64{} // which are not null in JSON
	*all = append(*all, &c)
	return &c
}

func (c *calls) count(h *dto.Histogram, refused, failed bool) {
	n := h.GetSampleCount()
	c.Count += n
	c.Seconds += h.GetSampleSum()
	if refused {
		c.Refused += n
	}
	if failed {
		c.Failed += n
	}
	buckets := h.GetBucket()
	if len(c.Buckets) == 0 {
		for _, b := range buckets {
			c.Bounds = append(c.Bounds, b.GetUpperBound())
		}
		c.Buckets = make([]uint64, len(buckets)+1)
	}
	var below uint64
	for i, b := range buckets {
		c.Buckets[i] += b.GetCumulativeCount() - below
		below = b.GetCumulativeCount()
	}
	c.Buckets[len(buckets)] += n - below
}
