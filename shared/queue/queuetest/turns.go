package queuetest

import (
	"fmt"
	"testing"

	"gleaner/shared/queue"
)

// backlog is how many of the noisy group's messages are there; a quiet group's
// must come within a small part of them.
const backlog = 300

// Many messages of one group do not keep another's waiting.
func testTurns(t *testing.T, f *fixture) {
	if f.noTurns {
		t.Skip("the stand-in knows no groups")
	}
	noisy, _ := numbered(backlog, "noisy")
	f.send(t, noisy...)
	for i := range 5 {
		quiet, _ := numbered(2, fmt.Sprint("quiet-", i))
		f.send(t, quiet...)
	}
	left := 10
	for n := 0; left > 0; {
		for _, m := range some(t, f, 3, long) {
			if m.Group != "noisy" {
				left--
			}
			remove(t, f, m)
			n++
		}
		if n > backlog/3 {
			t.Fatalf("after %d messages %d of the quiet groups still wait", n, left)
		}
	}
}

// A group that comes while another's backlog is being worked through, with much
// of it in flight, is served soon, and again when it comes back.
func testLateGroup(t *testing.T, f *fixture) {
	if f.noTurns {
		t.Skip("the stand-in knows no groups")
	}
	noisy, _ := numbered(backlog, "noisy")
	f.send(t, noisy...)
	for range 4 {
		for range 10 {
			f.one(t, long) // stays in flight
		}
		f.send(t, queue.Outgoing{Body: "late", Group: "late"})
		for n := 0; ; n++ {
			m := f.one(t, long)
			if m.Group == "late" {
				remove(t, f, m)
				break
			}
			if n > backlog/10 {
				t.Fatalf("the late group still waits after %d messages", n)
			}
		}
	}
}
