package tcp

import "sync"

// sessions are those that are open.
type sessions struct {
	mu   sync.Mutex
	all  map[*session]struct{}
	gone chan struct{} // set by drain; closes when none is open any more
}

// add is not called any more once drain is.
func (o *sessions) add(s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()

	if o.all == nil {
		o.all = make(map[*session]struct{})
	}
	o.all[s] = struct{}{}
}

func (o *sessions) remove(s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()

	delete(o.all, s)
	if o.gone != nil && len(o.all) == 0 {
		close(o.gone)
	}
}

// drain ends the Reads of all sessions and returns what closes when none is open.
func (o *sessions) drain() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()

	o.gone = make(chan struct{})
	if len(o.all) == 0 {
		close(o.gone)
	}
	for s := range o.all {
		s.interrupt()
	}
	return o.gone
}

// count returns how many sessions of each server are open.
func (o *sessions) count() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()

	open := make(map[string]int)
	for s := range o.all {
		open[s.server]++
	}
	return open
}

// abort closes the connections of all sessions.
func (o *sessions) abort() {
	o.mu.Lock()
	defer o.mu.Unlock()

	for s := range o.all {
		s.abort()
	}
}
