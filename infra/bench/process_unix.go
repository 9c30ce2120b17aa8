//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is the processor time this process has used: on a machine that does
// other things as well it says more than the clock on the wall.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
