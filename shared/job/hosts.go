package job

import (
	"hash/maphash"
	"slices"
)

// hosts are the hosts of targets, in order of first appearance.
type hosts struct {
	list []host
	of   []int32 // of each target, which it is
}

type host struct {
	name  string
	hash  uint64
	count int
}

// hostsOf finds out which hosts there are and how many targets each has.
func hostsOf(targets []Target) *hosts {
	x := hostIndex{}
	of := make([]int32, 0, len(targets))
	last := int32(-1)
	places := make([]place, 0, min(len(targets), placesAtOnce))
	for some := range slices.Chunk(targets, placesAtOnce) {
		places = places[:len(some)]
		findHosts(places, some)
		for i := range some {
			name := some[i].URL[places[i].from:places[i].to]
			if last < 0 || x.hosts[last].name != name {
				last = x.number(name, places[i].hash)
			}
			of = append(of, last)
			x.hosts[last].count++
		}
	}
	return &hosts{list: x.hosts, of: of}
}

// bySize returns the numbers of the hosts, those with the most targets first, and
// of hosts with as many in order of first appearance.
func (h *hosts) bySize() []int32 {
	most := 0
	for i := range h.list {
		most = max(most, h.list[i].count)
	}
	next := make([]int32, most+1) // of each count, where the next host with it goes
	for i := range h.list {
		next[h.list[i].count]++
	}
	place := int32(0)
	for count := most; count >= 0; count-- {
		next[count], place = place, place+next[count]
	}
	order := make([]int32, len(h.list))
	for i := range h.list {
		n := &next[h.list[i].count]
		order[*n] = int32(i)
		*n++
	}
	return order
}

// group puts the targets host by host, the hosts in that order and the targets of a
// host in theirs, without another piece of memory of the size.
func (h *hosts) group(targets []Target, order []int32) {
	next := make([]int32, len(h.list)) // of each host, where its next target goes
	place := 0
	for _, i := range order {
		next[i] = int32(place)
		place += h.list[i].count
	}
	for i, of := range h.of {
		h.of[i] = next[of] // now where the target goes
		next[of]++
	}
	for i := range targets {
		for to := h.of[i]; int(to) != i; to = h.of[i] {
			targets[i], targets[to] = targets[to], targets[i]
			h.of[i], h.of[to] = h.of[to], to
		}
	}
	h.of = nil
}

// place is where in its URL a target's host stands.
type place struct {
	hash     uint64
	from, to int32
}

// placesAtOnce bounds the memory that a plan of a million takes for them.
const placesAtOnce = 1 << 16

func findHosts(places []place, targets []Target) {
	inParallel(len(targets), func(from, to int) {
		for i := from; i < to; i++ {
			host, end := targets[i].host()
			places[i] = place{maphash.String(seed, targets[i].URL[host:end]), int32(host), int32(end)}
		}
	})
}

// hostIndex numbers hosts. A map would do, but hashes one name after the other.
type hostIndex struct {
	hosts []host
	slots []int32 // open addressing: index in hosts, counted from 1; 0 is free
}

// number is the index in hosts of a host with that hash, which is added if it is new.
func (x *hostIndex) number(name string, hash uint64) int32 {
	if 2*len(x.hosts) >= len(x.slots) {
		x.grow()
	}
	last := uint64(len(x.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		slot := x.slots[at]
		if slot == 0 {
			x.hosts = append(x.hosts, host{name: name, hash: hash})
			x.slots[at] = int32(len(x.hosts))
			return int32(len(x.hosts) - 1)
		}
		if h := &x.hosts[slot-1]; h.hash == hash && h.name == name {
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
