package drain

import "sync"

// Set holds what is open. The zero value is empty and ready. Its methods may be
// called from any goroutine.
type Set[T comparable] struct {
	mu      sync.Mutex
	members map[T]struct{}
	empty   chan struct{} // what Gone returned, until it closes
}

// Add adds t.
func (s *Set[T]) Add(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members == nil {
		s.members = make(map[T]struct{})
	}
	s.members[t] = struct{}{}
}

// Remove removes t, and may be called again for it.
func (s *Set[T]) Remove(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, t)
	s.tell()
}

// All returns what is open now.
func (s *Set[T]) All() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]T, 0, len(s.members))
	for t := range s.members {
		all = append(all, t)
	}
	return all
}

// Gone returns a channel that closes as soon as nothing is open.
func (s *Set[T]) Gone() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.empty == nil {
		s.empty = make(chan struct{})
	}
	empty := s.empty
	s.tell()
	return empty
}

func (s *Set[T]) tell() {
	if len(s.members) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}
