package local

import (
	"os"
	"strconv"
	"syscall"
)

// niceness is how far a worker process stands back for others.
const niceness = 10

// giveWay lets this process stand back where processors are scarce: for its own
// server, whom people wait for, and for whatever else the machine is for. That it
// may fail changes nothing but times.
//
// The kernel keeps a priority for each thread, and new ones have that of the
// thread that makes them: the second look is for one that was just being made.
func giveWay() {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range threads {
			if id, err := strconv.Atoi(t.Name()); err == nil {
				_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness)
			}
		}
	}
}
