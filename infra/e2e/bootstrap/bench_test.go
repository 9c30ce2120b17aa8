package bootstrap

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"
	"time"
)

// BenchmarkColdStart measures, for each function, the time from the start of its
// process until it asks for its first event (init-ms, the median) and until it has
// answered that of infra/events, with all that this takes of the emulators (cold-ms,
// the median, and best-ms, which other load disturbs least), and the size of its
// binary.
func BenchmarkColdStart(b *testing.B) {
	c := newCloud(b)
	for _, function := range slices.Sorted(maps.Keys(functions)) {
		b.Run(functions[function], func(b *testing.B) {
			info, err := os.Stat(binary(b, functions[function]))
			if err != nil {
				b.Fatal(err)
			}
			text := event(b, functions[function])
			var initial, all []time.Duration
			for b.Loop() {
				p := start(b, function, c.settings)
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				a, err := p.invoke(ctx, text)
				cancel()
				if err != nil {
					b.Fatalf("%v\n%s", err, p.log)
				}
				all = append(all, a.at.Sub(p.began))
				initial = append(initial, p.ready.Sub(p.began))
				b.StopTimer()
				p.kill()
				b.StartTimer()
			}
			slices.Sort(initial)
			slices.Sort(all)
			ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
			b.ReportMetric(float64(info.Size())/1e6, "MB")
			b.ReportMetric(ms(initial[len(initial)/2]), "init-ms")
			b.ReportMetric(ms(all[len(all)/2]), "cold-ms")
			b.ReportMetric(ms(all[0]), "best-ms")
		})
	}
}
