package dispatcher

import "time"

// SetWallClock replaces the clock on the wall, which a test cannot set.
func SetWallClock(d *Dispatcher, now func() time.Time) { d.now = now }

// Check is the health check's probe.
var Check = (*Dispatcher).check
