package sqlitequeue

import "time"

// LookEvery sets how often a receiver that waits looks for messages of other
// processes.
func LookEvery(q *Queue, d time.Duration) { q.look = d }
