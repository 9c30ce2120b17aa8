package main

import (
	"math"
	"time"
)

// meterSpan is the time over which the rate is taken.
const meterSpan = 10 * time.Second

// meter measures how fast a job moves at present. The rate in a snapshot is that
// since the job's start, which says little about a job that was stopped meanwhile.
type meter struct {
	samples []sample
}

type sample struct {
	at   time.Time
	done int64
}

// add notes how much is done at a time.
func (m *meter) add(at time.Time, done int64) {
	if n := len(m.samples); n > 0 && done < m.samples[n-1].done {
		m.samples = nil // another job, or a retry
	}
	m.samples = append(m.samples, sample{at, done})
	for len(m.samples) > 2 && at.Sub(m.samples[1].at) >= meterSpan {
		m.samples = m.samples[1:]
	}
}

// rate is in pages a second; 0 while it is not known.
func (m *meter) rate() float64 {
	if len(m.samples) < 2 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	took := last.at.Sub(first.at).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(last.done-first.done) / took
}

// left is the time that the rest takes at that rate; false if it is not known.
func (m *meter) left(total int64) (time.Duration, bool) {
	rate := m.rate()
	if rate <= 0 || len(m.samples) == 0 {
		return 0, false
	}
	rest := float64(total - m.samples[len(m.samples)-1].done)
	seconds := math.Ceil(max(rest, 0) / rate)
	if seconds > 1e9 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}
