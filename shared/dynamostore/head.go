package dynamostore

import (
	"fmt"
	"time"

	"gleaner/shared/job"
)

// Attributes of a batch's head.
const (
	attrStatus   = "s"
	attrNext     = "n"
	attrHeld     = "h"
	attrAttempt  = "a"
	attrToken    = "k"
	attrLease    = "l"
	attrTargets  = "t"
	attrResult   = "o"
	attrSplit    = "x"
	attrRetried  = "r"
	attrFinished = "f"
	attrVersion  = "v" // grows with every change but that of due; absent while the batch is as planned
)

// head is the part of a batch that its life rewrites. Every change of it is
// conditional on the version that was read.
type head struct {
	ref      job.Ref
	status   job.BatchStatus
	next     job.Key
	held     bool
	due      time.Time
	attempt  int
	token    string
	lease    time.Time
	targets  blob
	result   blob
	split    bool
	retried  job.Key
	finished time.Time
	version  int64
	expires  int64 // Unix seconds
}

// newHead is the head of a batch that is stored for the first time.
func newHead(b *job.Batch, targets blob) head {
	return head{
		ref: b.Ref, status: job.Pending, next: b.Next, held: b.Held, due: b.Due, targets: targets,
	}
}

func (h *head) item() item {
	it := batchKey(h.ref)
	it[attrStatus] = text(string(h.status))
	it.setText(attrNext, string(h.next))
	it.setFlag(attrHeld, h.held)
	if !h.held && h.status != job.Done {
		it.setTime(attrDue, h.due)
	}
	it.setNumber(attrAttempt, int64(h.attempt))
	it.setText(attrToken, h.token)
	it.setTime(attrLease, h.lease)
	h.targets.store(it, attrTargets)
	h.result.store(it, attrResult)
	it.setFlag(attrSplit, h.split)
	it.setText(attrRetried, string(h.retried))
	it.setTime(attrFinished, h.finished)
	it.setNumber(attrVersion, h.version)
	it.setNumber(attrTTL, h.expires)
	return it
}

// readHead reads the head of batch r of job id out of an item.
func readHead(id job.ID, it item) head {
	return head{
		ref:      job.Ref{Job: id, Key: job.Key(it.text(attrSK)[len(batchSort):])},
		status:   job.BatchStatus(it.text(attrStatus)),
		next:     job.Key(it.text(attrNext)),
		held:     it.flag(attrHeld),
		due:      it.time(attrDue),
		attempt:  int(it.number(attrAttempt)),
		token:    it.text(attrToken),
		lease:    it.time(attrLease),
		targets:  loadBlob(it, attrTargets),
		result:   loadBlob(it, attrResult),
		split:    it.flag(attrSplit),
		retried:  job.Key(it.text(attrRetried)),
		finished: it.time(attrFinished),
		version:  it.number(attrVersion),
		expires:  it.number(attrTTL),
	}
}

// isHead tells a batch's head from its parts.
func isHead(it item) bool {
	_, ok := it[attrStatus]
	return ok
}

// unchanged is the condition that the head is still as it was read, with its values.
func (h *head) unchanged() (condition string, values item) {
	if h.version == 0 {
		return "attribute_exists(pk) AND attribute_not_exists(v)", nil
	}
	return "v = :v", item{":v": number(h.version)}
}

// batch puts the whole batch together from its head and the items that follow it.
func (h *head) batch(following []item) (job.Batch, error) {
	b := job.Batch{
		Ref: h.ref, Status: h.status, Next: h.next, Held: h.held, Due: h.due,
		Attempt: h.attempt, LeaseToken: h.token, LeaseUntil: h.lease,
		Split: h.split, Retried: h.retried, Finished: h.finished,
	}
	owner := batchSort + string(h.ref.Key)
	data, err := h.targets.join(owner, partTargets, following)
	if err != nil {
		return b, fmt.Errorf("batch %s: %w", h.ref, err)
	}
	if b.Targets, err = job.DecodeTargets(data); err != nil {
		return b, fmt.Errorf("batch %s: %w", h.ref, err)
	}
	if h.result.empty() {
		return b, nil
	}
	if data, err = h.result.join(owner, partResult, following); err != nil {
		return b, fmt.Errorf("batch %s: %w", h.ref, err)
	}
	if b.Result, err = job.DecodeResult(data); err != nil {
		return b, fmt.Errorf("batch %s: %w", h.ref, err)
	}
	return b, nil
}
