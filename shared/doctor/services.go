package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"gleaner/shared/record"
)

// Limits of the services.
const (
	slowStore = 500 * time.Millisecond // for three small requests
	slowPush  = 10 * time.Second
	deadPush  = 2 * time.Minute
	deepQueue = 100_000 // bells that wait: as many as a few very large jobs have
)

// store writes, reads and deletes a record.
func (d *Doctor) store(ctx context.Context) finding {
	const advice = "Look at the store's own messages in the log. On AWS: does the function's role allow its table, and is the table's name right? " +
		"On one machine: is the data directory writable and its disk not full?"
	fault := func(what string, err error) finding {
		return finding{Failing, fmt.Sprintf("%s: %v", what, err), advice}
	}
	began := time.Now()
	mine := record.Record{Partition: "doctor", Sort: rand.Text(), Value: []byte(rand.Text()), Expires: d.Now().Add(time.Hour)}
	if err := d.Records.Put(ctx, mine); err != nil {
		return fault("a record could not be written", err)
	}
	got, err := d.Records.Get(ctx, mine.Partition, mine.Sort)
	if err != nil {
		return fault("the record written could not be read", err)
	}
	if !bytes.Equal(got.Value, mine.Value) {
		return finding{Failing, "a record came back changed", "Restore the store from a backup: what it returns is not what it was given."}
	}
	if err := d.Records.Delete(ctx, mine.Partition, mine.Sort); err != nil {
		return fault("the record written could not be deleted", err)
	}
	took := time.Since(began)
	detail := fmt.Sprintf("a record was written, read and deleted in %d ms", took.Milliseconds())
	if took > slowStore {
		return finding{
			Degraded, detail,
			"The store is slow. On one machine: is the disk busy or the data directory on a network drive? On AWS: look at the table's throttled requests.",
		}
	}
	return fine(detail)
}

func (d *Doctor) queue(ctx context.Context) finding {
	depth, err := d.Queue.Depth(ctx)
	if err != nil {
		return finding{
			Failing, "the queue does not answer: " + err.Error(),
			"Is the queue's address right, and does the function's role allow it? On one machine: is the data directory writable?",
		}
	}
	detail := fmt.Sprintf("messages: %d waiting, %d at work, %d delayed", depth.Visible, depth.InFlight, depth.Delayed)
	switch {
	case depth.Visible > 0 && depth.InFlight == 0:
		return finding{
			Degraded, detail,
			"Batches wait and nobody works on them. If this stays so, no worker is running: on AWS look at the worker's event source mapping and its concurrency, on one machine at the log.",
		}
	case depth.Visible > deepQueue:
		return finding{Degraded, detail, "More waits than the workers can soon do: allow more of them, or fewer jobs at once."}
	}
	return fine(detail)
}

func (d *Doctor) deadLetters(ctx context.Context) finding {
	depth, err := d.DeadLetters.Depth(ctx)
	if err != nil {
		return finding{
			Failing, "the dead-letter queue does not answer: " + err.Error(),
			"Is the queue's address right, and does the function's role allow it?",
		}
	}
	n := depth.Visible + depth.InFlight + depth.Delayed
	if n == 0 {
		return fine("none")
	}
	return finding{
		Degraded, fmt.Sprintf("%d messages failed again and again", n),
		"Their URLs end as undeliverable within minutes and can then be retried. If the number stays, the function that works dead letters off is not running; " +
			"why they died is in the workers' log (\"bell not answered\").",
	}
}

func (d *Doctor) push(ctx context.Context) finding {
	lag, err := d.PushLag(ctx)
	if err != nil {
		return finding{
			Degraded, "how far live updates are behind could not be found out: " + err.Error(),
			"Dashboards fall back on asking every few seconds. On AWS: is the notifier's event source mapping enabled, and what do its log, its errors and its IteratorAge say? On one machine look at the log.",
		}
	}
	detail := fmt.Sprintf("%d ms behind", lag.Milliseconds())
	const advice = "Dashboards show old figures until they ask by themselves. Look for errors of the notifier in the log."
	switch {
	case lag > deadPush:
		return finding{Failing, detail, advice}
	case lag > slowPush:
		return finding{Degraded, detail, advice}
	}
	return fine(detail)
}
