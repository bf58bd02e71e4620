package httpserver

import "sync"

// set holds what is open. The zero value is empty and ready.
type set[T comparable] struct {
	mu      sync.Mutex
	members map[T]struct{}
	empty   chan struct{} // what gone returned, until it closes
}

func (s *set[T]) add(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members == nil {
		s.members = make(map[T]struct{})
	}
	s.members[t] = struct{}{}
}

// remove may be called again for the same t.
func (s *set[T]) remove(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, t)
	s.tell()
}

func (s *set[T]) all() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]T, 0, len(s.members))
	for t := range s.members {
		all = append(all, t)
	}
	return all
}

// gone returns a channel that closes as soon as the set is empty.
func (s *set[T]) gone() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.empty == nil {
		s.empty = make(chan struct{})
	}
	empty := s.empty
	s.tell()
	return empty
}

func (s *set[T]) tell() {
	if len(s.members) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}
