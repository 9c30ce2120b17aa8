package sqlitequeue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/shared/queue"
	"gleaner/shared/queue/queuetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashFile) != "" {
		fmt.Fprintln(os.Stderr, crashChild())
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string, c sqlitequeue.Config) *sqlitequeue.Queue {
	t.Helper()
	q, err := sqlitequeue.Open(t.Context(), path, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestQueue(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Harness{
		Tick: 50 * time.Millisecond,
		New: func(t *testing.T, maxReceives int) (q, dead queue.Queue) {
			t.Helper()
			c := sqlitequeue.Config{Name: "bells", MaxReceives: maxReceives}
			if maxReceives > 0 {
				c.DeadLetter = "dead"
			}
			bells := open(t, filepath.Join(t.TempDir(), "queue.db"), c)
			return bells, bells.DeadLetter()
		},
	})
}
