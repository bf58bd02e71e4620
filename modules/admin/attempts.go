package admin

import (
	"net/netip"
	"sync"
	"time"
)

const (
	maxFailures  = 10 // of one address in one window
	window       = time.Minute
	maxAddresses = 1024 // that are counted one by one
)

// attempts counts wrong tokens by the address that they came from.
type attempts struct {
	mu     sync.Mutex
	since  time.Time // the window began
	failed map[netip.Prefix]int
}

// judge notes that the address remote showed a right or a wrong token. Where too
// many wrong ones came from there neither counts, and wait says for how long.
func (a *attempts) judge(remote string, right bool) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Sub(a.since) >= window {
		a.since, a.failed = now, make(map[netip.Prefix]int)
	}
	address, _ := netip.ParseAddrPort(remote)
	ip := address.Addr().Unmap()
	from, _ := ip.Prefix(min(64, ip.BitLen())) // a client has 64 bits of IPv6; those of a Unix socket are one
	if _, known := a.failed[from]; !known && len(a.failed) >= maxAddresses {
		from = netip.Prefix{} // all the others are counted together
	}
	if a.failed[from] >= maxFailures {
		return a.since.Add(window).Sub(now)
	}
	if !right {
		a.failed[from]++
	}
	return 0
}
