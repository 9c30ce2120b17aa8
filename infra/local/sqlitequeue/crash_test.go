package sqlitequeue_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/shared/queue"
)

const crashFile, crashRound = "GLEANER_CRASH_FILE", "GLEANER_CRASH_ROUND"

// crashChild sends and receives as fast as it can until it is killed, and
// reports every answer on stdout.
func crashChild() error {
	ctx := context.Background()
	q, err := sqlitequeue.Open(ctx, os.Getenv(crashFile), sqlitequeue.Config{Name: "bells"})
	if err != nil {
		return err
	}
	answered := func(what, body string) { _, _ = os.Stdout.WriteString(what + " " + body + "\n") }
	errs := make(chan error, 4)
	for w := range 2 {
		go func() {
			for i := 0; ; i++ {
				var messages []queue.Outgoing
				for n := range 1 + i%4 {
					messages = append(messages, queue.Outgoing{Body: fmt.Sprintf("%s-%d-%d-%d", os.Getenv(crashRound), w, i, n), Group: fmt.Sprint(n)})
				}
				if err := q.Send(ctx, messages); err != nil {
					errs <- err
					return
				}
				for i := range messages {
					answered("sent", messages[i].Body)
				}
			}
		}()
		go func() {
			for {
				messages, err := q.Receive(ctx, 1, 50*time.Millisecond, time.Second)
				if err != nil {
					errs <- err
					return
				}
				for _, m := range messages {
					answered("deleting", m.Body)
					if err := q.Delete(ctx, m.Receipt); err == nil {
						answered("deleted", m.Body)
					}
				}
			}
		}()
	}
	return <-errs
}

func TestKillLosesNothingAnswered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queue.db")
	reported := map[string]map[string]bool{"sent": {}, "deleting": {}, "deleted": {}}
	for round := range 5 {
		crashRun(t, path, round, reported)
	}
	q := open(t, path, sqlitequeue.Config{Name: "bells"})
	left := map[string]int{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 2 {
		wg.Go(func() {
			// What was in flight comes back after its 50 ms.
			for {
				messages, err := q.Receive(t.Context(), queue.MaxBatch, time.Hour, 300*time.Millisecond)
				if err != nil {
					t.Error(err)
				}
				if len(messages) == 0 {
					return
				}
				mu.Lock()
				for _, m := range messages {
					left[m.Body]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for body, n := range left {
		if n != 1 {
			t.Errorf("%s is there %d times", body, n)
		}
		if reported["deleted"][body] {
			t.Errorf("%s was deleted and is there", body)
		}
	}
	for body := range reported["sent"] {
		if left[body] == 0 && !reported["deleting"][body] {
			t.Errorf("%s was sent and is lost", body)
		}
	}
	if len(reported["sent"]) < 50 || len(reported["deleted"]) == 0 {
		t.Errorf("%d sent, %d deleted: the test proves nothing", len(reported["sent"]), len(reported["deleted"]))
	}
}

// crashRun lets a child work and kills it after some answers.
func crashRun(t *testing.T, path string, round int, reported map[string]map[string]bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path, fmt.Sprint(crashRound, "=", round))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	until := 50 + rand.IntN(500)
	n := 0
	for scan := bufio.NewScanner(out); scan.Scan(); {
		what, body, _ := strings.Cut(scan.Text(), " ")
		reported[what][body] = true
		if n++; n == until {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if n < until {
		t.Errorf("round %d ended by itself", round)
	}
}
