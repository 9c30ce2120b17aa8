package sqlitequeue_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/shared/queue"
)

func outgoing(n, groups int) []queue.Outgoing {
	messages := make([]queue.Outgoing, n)
	for i := range messages {
		messages[i] = queue.Outgoing{Body: fmt.Sprintf(`{"j":"01K9ABCDEFGHJKMNPQRSTVWXYZA","b":"%06d"}`, i), Group: fmt.Sprint("owner-", i%groups)}
	}
	return messages
}

// BenchmarkSend rings the bells of a job of 300 batches.
func BenchmarkSend(b *testing.B) {
	q := open(b, filepath.Join(b.TempDir(), "queue.db"), sqlitequeue.Config{Name: "bells"})
	messages := outgoing(300, 1)
	b.ReportAllocs()
	for b.Loop() {
		send(b, q, messages...)
	}
}

// BenchmarkReceiveDelete takes messages one by one from a queue that holds as
// many as it says.
func BenchmarkReceiveDelete(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			if n > 10_000 && testing.Short() {
				b.Skip("sends many messages")
			}
			q := open(b, filepath.Join(b.TempDir(), "queue.db"), sqlitequeue.Config{Name: "bells"})
			send(b, q, outgoing(n, 50)...)
			b.ReportAllocs()
			for b.Loop() {
				m, err := q.Receive(b.Context(), 1, time.Minute, 0)
				if err != nil || len(m) != 1 {
					b.Fatal(m, err)
				}
				if err := q.Delete(b.Context(), m[0].Receipt); err != nil {
					b.Fatal(err)
				}
				send(b, q, queue.Outgoing{Body: m[0].Body, Group: m[0].Group}) // so that it never runs dry
			}
		})
	}
}
