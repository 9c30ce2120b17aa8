//go:build unix

package extract_test

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime returns the processor time this process has used. On a machine that
// does other things as well it says more than the wall clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
