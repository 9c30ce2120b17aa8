package job

import (
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
)

type hostTargets struct {
	host    string
	hash    uint64
	targets []Target
}

// byHost groups targets by host, in order of first appearance. Those of a host
// keep their order.
func byHost(targets []Target) []hostTargets {
	// First whose each target is and how many each host has, so that all of
	// them share one piece of memory.
	places := findHosts(targets)
	of := make([]int32, len(targets))
	var index hostIndex
	var counts []int
	last := int32(-1)
	for i := range targets {
		h := targets[i].URL[places[i].from:places[i].to]
		if last < 0 || index.hosts[last].host != h {
			last = index.number(h, places[i].hash)
			if int(last) == len(counts) {
				counts = append(counts, 0)
			}
		}
		of[i] = last
		counts[last]++
	}
	hosts := index.hosts
	room := make([]Target, len(targets))
	for i := range hosts {
		hosts[i].targets, room = room[:0:counts[i]], room[counts[i]:]
	}
	for i, h := range of {
		hosts[h].targets = append(hosts[h].targets, targets[i])
	}
	return hosts
}

// place is where in its URL a target's host stands.
type place struct {
	hash     uint64
	from, to int32
}

var hostSeed = maphash.MakeSeed()

// findHosts looks at the targets on all processors: the plan of a large list is
// part of what its sender waits for.
func findHosts(targets []Target) []place {
	places := make([]place, len(targets))
	find := func(from, to int) {
		for i := from; i < to; i++ {
			host, end := targets[i].host()
			places[i] = place{maphash.String(hostSeed, targets[i].URL[host:end]), int32(host), int32(end)}
		}
	}
	n := max(1, min(runtime.GOMAXPROCS(0), len(targets)/4096))
	part := (len(targets) + n - 1) / n
	var wg sync.WaitGroup
	for i := 1; i < n; i++ {
		wg.Go(func() { find(i*part, min((i+1)*part, len(targets))) })
	}
	find(0, min(part, len(targets)))
	wg.Wait()
	return places
}

// hostIndex numbers hosts. A map would do, but hashes one name after the other.
type hostIndex struct {
	hosts []hostTargets
	slots []int32 // open addressing: index in hosts, counted from 1; 0 is free
}

// number is the index in hosts of a host with that hash, which is added if it is new.
func (x *hostIndex) number(host string, hash uint64) int32 {
	if 2*len(x.hosts) >= len(x.slots) {
		x.grow()
	}
	last := uint64(len(x.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		slot := x.slots[at]
		if slot == 0 {
			x.hosts = append(x.hosts, hostTargets{host: host, hash: hash})
			x.slots[at] = int32(len(x.hosts))
			return int32(len(x.hosts) - 1)
		}
		if h := &x.hosts[slot-1]; h.hash == hash && h.host == host {
			return slot - 1
		}
	}
}

func (x *hostIndex) grow() {
	x.slots = make([]int32, max(256, 4*len(x.slots)))
	last := uint64(len(x.slots) - 1)
	for i := range x.hosts {
		at := x.hosts[i].hash & last
		for x.slots[at] != 0 {
			at = (at + 1) & last
		}
		x.slots[at] = int32(i + 1)
	}
}

// dropRepeated keeps the first of the targets of each host with the same URL.
func dropRepeated(hosts []hostTargets) {
	seen := map[string]struct{}{}
	for i := range hosts {
		hosts[i].targets = firstOfEach(hosts[i].targets, seen)
	}
}

const (
	// fewTargets are faster compared with each other than looked up in a map.
	fewTargets = 12
	// manyTargets get a map of their own: one that was large once is slow to clear.
	manyTargets = 1000
)

// firstOfEach keeps the first of targets with the same URL, in place. seen is
// scratch.
func firstOfEach(targets []Target, seen map[string]struct{}) []Target {
	kept := targets[:0]
	if len(targets) <= fewTargets {
		for _, t := range targets {
			if !slices.ContainsFunc(kept, func(k Target) bool { return k.URL == t.URL }) {
				kept = append(kept, t)
			}
		}
		return kept
	}
	if len(targets) > manyTargets {
		seen = make(map[string]struct{}, len(targets))
	}
	clear(seen)
	for _, t := range targets {
		if _, ok := seen[t.URL]; !ok {
			seen[t.URL] = struct{}{}
			kept = append(kept, t)
		}
	}
	return kept
}
