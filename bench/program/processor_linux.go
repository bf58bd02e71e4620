package program

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Processor returns the processor time that the program has used, by all its
// threads, in the kernel and outside.
func (p *Program) Processor() (time.Duration, error) {
	clock := int32(^p.cmd.Process.Pid)<<3 | 2 // CLOCK_PROCESS_CPUTIME_ID of another process, as clock_getcpuclockid makes it
	var used unix.Timespec
	if err := unix.ClockGettime(clock, &used); err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", p.cmd, err)
	}
	return time.Duration(used.Nano()), nil
}
