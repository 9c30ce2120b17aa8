//go:build unix

package sqlitestore_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"gleaner/shared/job"
)

// BenchmarkGrowth stores a million new addresses and as many new domains in one
// job, a thousand at a time, and reports the processor time of such a call when
// the job is empty, at 200,000, at 500,000 and at a million of them.
func BenchmarkGrowth(b *testing.B) {
	if testing.Short() {
		b.Skip("stores a million addresses")
	}
	const call, calls, around = 1_000, 1_000, 50
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	grow := func(b *testing.B, put func(r job.Ref, i int)) {
		b.Helper()
		took := make([]float64, calls)
		for i := range took {
			before := cpu()
			put(job.Ref{Key: job.PlannedKey(i)}, i)
			took[i] = (cpu() - before).Seconds() * 1000
		}
		for _, at := range []int{0, 200, 500, calls - around} {
			some := slices.Sorted(slices.Values(took[at : at+around]))
			b.ReportMetric(some[around/2], fmt.Sprintf("cpu-ms@%dk", at*call/1000))
		}
		b.ReportMetric(0, "ns/op")
	}
	b.Run("addresses", func(b *testing.B) {
		for range b.N {
			s := open(b)
			id, addresses := benchJob(b, s, 1_000_000), make([]job.Address, call)
			grow(b, func(r job.Ref, i int) {
				for k := range addresses {
					addresses[k] = benchAddress(i*call + k)
				}
				r.Job = id
				put(b, s, r, addresses)
			})
		}
	})
	b.Run("domains", func(b *testing.B) {
		for range b.N {
			s := open(b)
			id, names := benchJob(b, s, 1_000_000), make([]string, call)
			grow(b, func(r job.Ref, i int) {
				for k := range names {
					names[k] = fmt.Sprintf("firma-%07d.de", (i*call+k)*7919%10_000_019)
				}
				slices.Sort(names)
				r.Job = id
				if _, err := s.PutDomains(b.Context(), r, names, benchNow); err != nil {
					b.Fatal(err)
				}
			})
		}
	})
}
