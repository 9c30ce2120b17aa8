//go:build linux || darwin

package doctor

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// descriptors is how many files the process may have open, and has; 0: no limit.
func descriptors() (limit uint64, open int, err error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, 0, err
	}
	if r.Cur > math.MaxInt32 {
		return 0, 0, nil
	}
	dir := "/proc/self/fd"
	if runtime.GOOS == "darwin" {
		dir = "/dev/fd"
	}
	names, err := os.ReadDir(dir)
	return r.Cur, len(names), err
}

// freeBytes is the room an ordinary user has on a directory's file system.
func freeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
