//go:build !unix

package bench

import "time"

var begun = time.Now()

// cpuTime is the time on the wall where the system does not tell the processor's.
func cpuTime() time.Duration { return time.Since(begun) }
