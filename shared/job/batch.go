package job

import (
	"fmt"
	"strings"
	"time"
)

// Key names a batch within its job: six digits given by the planner, followed
// by one letter for each step of descent: 'c' for the continuation of a batch
// that ran out of time, 'a' and 'b' for the halves of one that crashed a worker,
// 'r' for a retry. Because a descendant's key follows from its parent's, writing
// it twice is harmless.
type Key string

// PlannedKey is the key of the planner's batch number seq, counted from 0.
func PlannedKey(seq int) Key { return Key(fmt.Sprintf("%06d", seq)) }

// RetryKey is the key of the seq-th batch of the round-th retry of a job.
// Rounds count from 1.
func RetryKey(round, seq int) Key { return Key(fmt.Sprintf("%06dr%d", seq, round)) }

// Child is the key of a descendant.
func (k Key) Child(letter byte) Key { return k + Key(letter) }

// Seq is the number the key begins with.
func (k Key) Seq() int {
	n := 0
	for i := 0; i < len(k) && k[i] >= '0' && k[i] <= '9'; i++ {
		n = n*10 + int(k[i]-'0')
	}
	return n
}

// Valid reports whether k has the form of a key.
func (k Key) Valid() bool {
	return len(k) >= 6 && len(k) <= 200 && strings.Trim(string(k), "0123456789abcr") == ""
}

// Ref addresses one batch.
type Ref struct {
	Job ID  `json:"j"`
	Key Key `json:"b"`
}

// Shard is the shard the batch and its counts belong to.
func (r Ref) Shard() int { return r.Key.Seq() % r.Job.Shards() }

// String implements fmt.Stringer.
func (r Ref) String() string { return string(r.Job) + "/" + string(r.Key) }

// BatchStatus is where a batch stands.
type BatchStatus string

// The life of a batch: PENDING → LEASED → FETCHED → DONE.
const (
	Pending BatchStatus = "PENDING" // waits for a worker
	Leased  BatchStatus = "LEASED"  // a worker is at it until its lease runs out
	Fetched BatchStatus = "FETCHED" // its outcomes are stored: nothing of it is ever fetched again
	Done    BatchStatus = "DONE"    // counted
)

// Target is one URL to visit.
type Target struct {
	URL string `json:"u"` // normalised
	// Guessed is set when the list named a bare host: https was supposed, and
	// http is tried if nothing answers there.
	Guessed bool `json:"g,omitempty"`
}

// Batch is what one worker crawls in one go.
type Batch struct {
	Ref     Ref
	Status  BatchStatus
	Targets []Target

	// Next is the batch of the same lane to ring when this one is settled.
	Next Key
	// Held is set while the batch waits for the one before it in its lane.
	Held bool
	// Due is when a batch that is not DONE counts as lost, so that the sweeper
	// rings it again: a while after its bell, or when its lease runs out. Zero
	// for held and done batches.
	Due time.Time

	Attempt    int       // how often it was claimed
	LeaseToken string    // who holds it; changes with every claim
	LeaseUntil time.Time // after this anybody may claim it

	Result   *Result // set from FETCHED on
	Split    bool    // DONE because it was split; its URLs are in its halves
	Retried  Key     // the batch that retries its failed URLs, if any
	Finished time.Time
}

// Result is what crawling a batch brought.
type Result struct {
	Visits    []Visit   `json:"v"` // one for each target that has its outcome
	Addresses []Address `json:"a,omitempty"`
	// Remainder are the targets not begun when time ran out. They go into the
	// continuation batch and have no Visit here.
	Remainder []Target `json:"-"`
	Pages     int      `json:"p"` // pages fetched, followed ones and retries included
	Bytes     int64    `json:"n"` // bytes of bodies read, after decompression
}

// Visit is one URL's outcome.
type Visit struct {
	URL       string  `json:"url"`
	Outcome   Outcome `json:"outcome"`
	Detail    string  `json:"detail,omitempty"`    // what exactly went wrong, for people; at most 200 bytes
	Status    int     `json:"status,omitempty"`    // last HTTP status
	FinalURL  string  `json:"final_url,omitempty"` // where redirects led, if elsewhere
	Pages     int     `json:"pages,omitempty"`     // pages fetched for this URL
	Addresses int     `json:"addresses,omitempty"` // addresses found for this URL, before those known already are taken off
	Attempts  int     `json:"attempts,omitempty"`  // requests made for the URL itself; 0 if it was not asked for
	Millis    int     `json:"ms,omitempty"`        // from first request to outcome
	BadCert   bool    `json:"bad_certificate,omitempty"`
}

// Address is one e-mail address found by a job. The batch that found it first
// owns it.
type Address struct {
	Email      string    `json:"email"`
	SourceURL  string    `json:"source_url"`
	Sources    []string  `json:"sources,omitempty"` // further pages of the same batch, at most MaxSources
	FoundBy    string    `json:"found_by"`
	Kind       string    `json:"kind"`
	Confidence float64   `json:"confidence"`
	Reasons    []string  `json:"reasons,omitempty"`
	Raw        string    `json:"raw,omitempty"` // as it stood on the page, where that differs
	OwnDomain  bool      `json:"own_domain"`
	FirstSeen  time.Time `json:"first_seen"`
}

// MaxSources bounds Address.Sources.
const MaxSources = 10

// Domain is the part of the address after the last @.
func (a Address) Domain() string { return a.Email[strings.LastIndexByte(a.Email, '@')+1:] }

// Tally is what settling a batch adds to its shard's counters.
type Tally struct {
	Processed int
	Emails    int
	Domains   int
	Pages     int
	Bytes     int64
	Outcomes  map[Outcome]int
	Recent    []Address // newest addresses first, at most MaxRecent
}

// TallyOf counts a result. The numbers of new addresses and domains are the
// store's to say, so the caller adds them.
func TallyOf(r *Result) Tally {
	t := Tally{Processed: len(r.Visits), Pages: r.Pages, Bytes: r.Bytes, Outcomes: map[Outcome]int{}}
	for i := range r.Visits {
		t.Outcomes[r.Visits[i].Outcome]++
	}
	return t
}
