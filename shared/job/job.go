package job

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// ID names a job: a ULID (so that IDs sort by creation time) followed by one
// letter that holds the job's number of counter shards. Because the shard count
// is in the ID, every item of a job can be addressed from the ID alone, and
// progress needs one request.
type ID string

// MaxShards is the largest number of counter shards a job can have.
const MaxShards = 32

const shardLetters = "ABCDEF" // 1, 2, 4, 8, 16, 32

// NewID makes an ID for a job created at now with room for shards counter
// shards, rounded up to a power of two and kept within 1 and MaxShards.
func NewID(now time.Time, shards int) ID {
	letter := 0
	for 1<<letter < shards && letter < len(shardLetters)-1 {
		letter++
	}
	return ID(ulid.MustNewDefault(now).String() + shardLetters[letter:letter+1])
}

// ParseID checks the form of an ID that came from outside.
func ParseID(s string) (ID, error) {
	if len(s) != ulid.EncodedSize+1 || strings.IndexByte(shardLetters, s[len(s)-1]) < 0 {
		return "", fmt.Errorf("%w: %q is no job id", ErrNotFound, s)
	}
	if _, err := ulid.ParseStrict(s[:ulid.EncodedSize]); err != nil {
		return "", fmt.Errorf("%w: %q is no job id", ErrNotFound, s)
	}
	return ID(s), nil
}

// Shards is the number of counter shards of the job, a power of two from 1 to
// MaxShards.
func (id ID) Shards() int {
	if id == "" {
		return 1
	}
	return 1 << max(0, strings.IndexByte(shardLetters, id[len(id)-1]))
}

// ShardOf returns the shard that holds an address or a domain, by its hash.
func (id ID) ShardOf(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(id.Shards()))
}

// ShardsFor is the number of shards a job of total URLs is given: enough that no
// shard sees more than a handful of settles a second.
func ShardsFor(total int) int {
	switch {
	case total <= 2_000:
		return 1
	case total <= 20_000:
		return 4
	case total <= 100_000:
		return 16
	default:
		return MaxShards
	}
}

// Status is where a job stands.
type Status string

// The states of a job.
const (
	Creating  Status = "CREATING"  // being stored; nothing runs
	Running   Status = "RUNNING"   // its batches may be claimed
	Paused    Status = "PAUSED"    // bells are ignored until resumed
	Completed Status = "COMPLETED" // every URL has its outcome
	Cancelled Status = "CANCELLED" // stopped by its owner; what was found is kept
	Failed    Status = "FAILED"    // could not be created or planned; Reason says why
)

var transitions = map[Status][]Status{
	Creating:  {Running, Cancelled, Failed},
	Running:   {Paused, Completed, Cancelled, Failed},
	Paused:    {Running, Cancelled, Failed},
	Completed: {Running}, // retry failed
	Cancelled: {Running}, // retry what was cancelled or failed
	Failed:    {},
}

// Statuses lists every status in the order of a job's life.
func Statuses() []Status {
	return []Status{Creating, Running, Paused, Completed, Cancelled, Failed}
}

// CanBecome reports whether the state machine allows s → next.
func (s Status) CanBecome(next Status) bool { return slices.Contains(transitions[s], next) }

// Final reports whether nothing more happens to the job by itself.
func (s Status) Final() bool { return s == Completed || s == Cancelled || s == Failed }

// Change is one entry of a job's status history.
type Change struct {
	Status Status    `json:"status"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// Job is one list of web addresses handed in by one owner.
type Job struct {
	ID      ID      `json:"id"`
	Owner   string  `json:"-"`
	Name    string  `json:"name,omitempty"`
	Status  Status  `json:"status"`
	Options Options `json:"options"`

	URLs       int `json:"urls"`       // distinct URLs planned
	Hosts      int `json:"hosts"`      // distinct hosts planned
	Batches    int `json:"batches"`    // batches planned at the start
	Workers    int `json:"workers"`    // workers that can be busy at once, at most MaxWorkers
	Duplicates int `json:"duplicates"` // lines dropped because they named a URL already taken
	Rejected   int `json:"rejected"`   // lines that were no usable URL

	// Open is set while chunks may still be appended.
	Open bool `json:"open,omitempty"`
	// Chunks is the number of chunks that start was told to expect (or, for a
	// plan that is to run in the background, has verified).
	Chunks int `json:"chunks,omitempty"`
	// Adding is set while somebody adds batches to the job: in CREATING by whoever
	// plans it, in RUNNING by a retry, so that nobody completes it in between. The
	// sweeper sees to what was left half done.
	Adding time.Time `json:"adding,omitzero"`
	// Retries counts the rounds of "retry failed".
	Retries int `json:"retries,omitempty"`

	CreatedAt  time.Time `json:"created_at"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// DeletedAt is set when the owner deleted the job: it is gone from every
	// list, and the sweeper purges its items once the undo time is over.
	DeletedAt time.Time `json:"deleted_at,omitzero"`
	// ExpiresAt is when retention ends and the store drops every item of the job.
	ExpiresAt time.Time `json:"expires_at"`

	Reason  string   `json:"reason,omitempty"`
	History []Change `json:"history"`

	// Idempotency is the owner's Idempotency-Key and what it stood for.
	Idempotency *Idempotency `json:"-"`
	// Version grows by one with every change of the job item.
	Version int64 `json:"version"`
}

// Idempotency ties a client's key to the request it was first used with.
type Idempotency struct {
	Key         string // as sent, at most 255 bytes
	Fingerprint string // hash of the request; the same key with another one is refused
}

// Become moves the job to next, noting time and reason in its history, or
// returns a *StateError if the state machine does not allow it.
func (j *Job) Become(next Status, now time.Time, reason string) error {
	if !j.Status.CanBecome(next) {
		return &StateError{ID: j.ID, Status: j.Status, Wanted: next}
	}
	j.Status, j.Reason = next, reason
	if next == Running && j.StartedAt.IsZero() {
		j.StartedAt = now
	}
	j.FinishedAt = time.Time{}
	if next.Final() {
		j.FinishedAt = now
	}
	j.History = append(j.History, Change{Status: next, At: now, Reason: reason})
	if over := len(j.History) - maxHistory; over > 0 {
		j.History = slices.Delete(j.History, 1, 1+over) // the creation stays
	}
	return nil
}

// UndoTime is how long a deleted job can be brought back.
const UndoTime = 10 * time.Minute

// maxHistory bounds the job item: pausing and resuming for ever must not fill it.
const maxHistory = 100

// StateError says that a job's status does not allow what was asked.
type StateError struct {
	ID     ID
	Status Status
	Wanted Status
}

// Error implements error.
func (e *StateError) Error() string {
	return fmt.Sprintf("job %s is %s and cannot become %s", e.ID, e.Status, e.Wanted)
}

// Is makes errors.Is(err, ErrState) true.
func (e *StateError) Is(target error) bool { return target == ErrState }

// Errors that callers decide on. Adapters wrap them with context.
var (
	ErrNotFound    = errors.New("not found")
	ErrState       = errors.New("not allowed in this state")
	ErrConflict    = errors.New("changed by somebody else meanwhile")
	ErrIdempotency = errors.New("idempotency key was used with a different request")
	// ErrNothing: a retry found no URL worth retrying.
	ErrNothing = errors.New("no URL of this job is worth retrying")
	// ErrDone: the batch is settled; there is nothing left to do.
	ErrDone = errors.New("batch is done")
	// ErrHeld: the batch waits for the one before it in its lane.
	ErrHeld = errors.New("batch waits for its lane")
	// ErrLeased: another worker holds the batch; see *LeasedError.
	ErrLeased = errors.New("batch is leased")
	// ErrLeaseLost: the caller's lease ran out and somebody else took the batch.
	ErrLeaseLost = errors.New("lease lost")
)

// LeasedError is returned by Claim while another worker's lease runs.
type LeasedError struct{ Until time.Time }

// Error implements error.
func (e *LeasedError) Error() string {
	return "batch is leased until " + e.Until.UTC().Format(time.RFC3339)
}

// Is makes errors.Is(err, ErrLeased) true.
func (e *LeasedError) Is(target error) bool { return target == ErrLeased }
