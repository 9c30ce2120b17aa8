package job

import (
	"context"
	"strings"
	"time"
)

// Store keeps jobs. Its adapters pass the suite in jobtest.
//
// Every method is safe for concurrent use by many processes. Methods described
// as one write take effect whole or not at all, whatever happens to the caller.
// Errors for which errors.Is finds a sentinel of this package are answers;
// everything else is a fault of the store after which the write may or may not
// have taken effect, and the call may be repeated.
type Store interface {
	JobStore
	BatchStore
	AddressStore
}

// JobStore keeps the job items, their chunks and counters.
type JobStore interface {
	// CreateJob stores a new job in status CREATING with its empty counters, in
	// one write. If j.Idempotency is set and its owner used that key before,
	// nothing is written: with the same fingerprint the earlier job is returned
	// and created is false, with another one the error is ErrIdempotency.
	// Idempotency keys are forgotten after IdempotencyTTL. A second create with
	// the same ID is ErrConflict.
	CreateJob(ctx context.Context, j Job) (stored Job, created bool, err error)

	// Job returns a job, deleted ones included; ErrNotFound. It is read consistently.
	Job(ctx context.Context, id ID) (Job, error)

	// UpdateJob replaces the job item if its stored version is j.Version, and
	// returns it with the version one higher; ErrConflict otherwise, ErrNotFound
	// if there is none. Use Mutate rather than calling it directly.
	UpdateJob(ctx context.Context, j Job) (Job, error)

	// Jobs lists an owner's jobs, newest first, deleted ones left out.
	Jobs(ctx context.Context, owner string, f JobFilter, cursor string, limit int) (Page[Job], error)

	// JobsByStatus lists jobs of all owners in one status, oldest first, deleted
	// ones left out. It may lag behind by a second or two.
	JobsByStatus(ctx context.Context, s Status, cursor string, limit int) (Page[Job], error)

	// DeletedJobs lists jobs deleted before the given time, and those whose
	// retention ended before it and that the store does not drop by itself.
	DeletedJobs(ctx context.Context, before time.Time, limit int) ([]ID, error)

	// PurgeJob removes items of a job until all are gone (done) or it has removed
	// about limit of them. The job item goes last, so that a purge that broke off
	// is found and continued. Purging a job that is not there is done.
	PurgeJob(ctx context.Context, id ID, limit int) (done bool, err error)

	// Progress returns the job and its counters in ONE request to the database;
	// ErrNotFound. Each counter item is read whole and consistently.
	Progress(ctx context.Context, id ID) (Progress, error)

	// PutChunk stores a numbered chunk (from 0) of a list under construction;
	// a chunk with the same number is replaced.
	PutChunk(ctx context.Context, id ID, c Chunk) error

	// Chunks calls fn with every chunk in ascending order of number, until fn
	// returns an error, which it returns.
	Chunks(ctx context.Context, id ID, fn func(Chunk) error) error
}

// BatchStore keeps batches and their life.
type BatchStore interface {
	// PutBatches stores batches of a job that is still CREATING, replacing those
	// with the same key. It may be in part done when it fails; repeat it whole.
	PutBatches(ctx context.Context, batches []Batch) error

	// Batch returns one batch with its targets and, from FETCHED on, its result;
	// ErrNotFound.
	Batch(ctx context.Context, r Ref) (Batch, error)

	// Batches lists a job's batches with their results, in a fixed order, at most
	// limit of them; a page may be shorter than limit although more follow.
	Batches(ctx context.Context, id ID, cursor string, limit int) (Page[Batch], error)

	// Claim leases a batch to a worker until c.Now + c.Lease, in one write that
	// also counts it active if it was PENDING. It raises Attempt, sets LeaseToken
	// to c.Token and Due to the end of the lease. A PENDING batch becomes LEASED;
	// a LEASED or FETCHED one whose lease has run out keeps its status and gets
	// the new holder. Errors: ErrNotFound, ErrDone, ErrHeld, *LeasedError.
	// The same token claims again what it holds (a repeat after a lost answer),
	// without raising Attempt.
	Claim(ctx context.Context, r Ref, c Claim) (Batch, error)

	// Release gives an unfetched batch back: LEASED → PENDING, Attempt as before
	// the claim, no longer active, due at due. ErrLeaseLost if token does not hold it.
	Release(ctx context.Context, r Ref, token string, due time.Time) error

	// SaveResult stores the result of a LEASED batch and makes it FETCHED, in one
	// write together with its continuation, if any: a new PENDING batch that
	// takes over the lane (the batch's Next becomes the continuation, whose Next
	// is the batch's former one), not held, due at cont.Due if the batch has no
	// lane and held otherwise until the batch settles. The continuation counts as
	// one extra batch. However large the result, it is stored whole.
	// Repeating it with the same token is harmless. ErrLeaseLost, ErrDone.
	SaveResult(ctx context.Context, r Ref, token string, res Result, cont *Batch) error

	// Settle makes a FETCHED batch DONE and adds the tally to its shard's
	// counters, in one write: exactly once, whoever calls and however often
	// (ErrDone when it is settled already; ErrState when it is not yet FETCHED).
	// If the batch has a Next, that one is no longer held and due at nextDue; its
	// key is returned so that the caller can ring it (also with ErrDone).
	Settle(ctx context.Context, r Ref, t Tally, now, nextDue time.Time) (next Key, err error)

	// Split replaces a LEASED batch by its halves, in one write: the batch becomes
	// DONE without any outcome, the halves (keys Child('a') and Child('b')) are
	// PENDING. In a lane, or when halves[0].Next names the second half because
	// both hold pages of one host, the first half leads to the second and that to
	// the batch's former Next, if any, and the second is held. Otherwise neither
	// is. Unheld halves are due at now. ErrLeaseLost.
	Split(ctx context.Context, r Ref, token string, halves [2]Batch, now time.Time) error

	// AddRetry adds a batch to a job, in one write that marks the batches it
	// retries (at most MaxRetryOrigins, all of one shard and DONE) as Retried, counts its targets as
	// extra URLs and takes the old outcomes off the counters. If any origin is
	// marked already, nothing is written and the error is ErrConflict.
	AddRetry(ctx context.Context, b Batch, origins []Key, superseded map[Outcome]int) error

	// Due returns batches of a job that are not DONE, not held and due at or
	// before now, at most limit, earliest first. It may lag behind by a second or two.
	Due(ctx context.Context, id ID, now time.Time, limit int) ([]Ref, error)

	// Rang notes that the bells of PENDING batches were rung: they are due again at due.
	// Batches that are no longer PENDING are left alone.
	Rang(ctx context.Context, refs []Ref, due time.Time) error
}

// AddressStore keeps what was found. A name (an address or a domain) belongs to
// the batch that stored it first.
type AddressStore interface {
	// PutAddresses stores each address unless another batch owns it, and says for
	// each whether the batch r owns it now. Each address is a write of its own;
	// repeating the call gives the same answers. expires is when retention ends.
	PutAddresses(ctx context.Context, r Ref, addresses []Address, expires time.Time) (mine []bool, err error)

	// AddressOwners says which batch owns each of the addresses that are stored.
	AddressOwners(ctx context.Context, id ID, emails []string) (map[string]Key, error)

	// PutDomains and DomainOwners do the same for the domains of addresses.
	PutDomains(ctx context.Context, r Ref, domains []string, expires time.Time) (mine []bool, err error)
	DomainOwners(ctx context.Context, id ID, domains []string) (map[string]Key, error)

	// Addresses lists a job's addresses that match f in a fixed order, at most
	// limit; a page may be shorter although more follow (Next is then set).
	// ErrCursor for a cursor that is not of this list.
	Addresses(ctx context.Context, id ID, f AddressFilter, cursor string, limit int) (Page[Address], error)
}

// Claim is who claims a batch, when, and for how long.
type Claim struct {
	Token string
	Now   time.Time
	Lease time.Duration
}

// Chunk is one part of a list handed in piece by piece.
type Chunk struct {
	Number     int
	Targets    []Target // normalised, in the order given
	Lines      int      // lines it had
	Rejected   int
	Duplicates int
}

// Limits of the contract.
const (
	IdempotencyTTL  = 24 * time.Hour
	MaxRetryOrigins = 20
	// MaxPage is the largest limit a list takes; larger ones are cut to it.
	MaxPage = 1000
)

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string // cursor of the next page; empty at the end
}

// JobFilter narrows a list of jobs; zero fields match all.
type JobFilter struct {
	Status Status
	Search string // part of the name or the start of the ID, case-insensitive
}

// Match reports whether j passes the filter.
func (f JobFilter) Match(j *Job) bool {
	if f.Status != "" && f.Status != j.Status {
		return false
	}
	if f.Search == "" {
		return true
	}
	q := strings.ToLower(f.Search)
	return strings.Contains(strings.ToLower(j.Name), q) || strings.HasPrefix(strings.ToLower(string(j.ID)), q)
}

// AddressFilter narrows a list of addresses; zero fields match all.
type AddressFilter struct {
	Search        string // part of the address or of its source, case-insensitive
	Domain        string // exact domain
	Kind          string
	FoundBy       string
	MinConfidence float64
	OwnDomain     *bool
}

// Match reports whether a passes the filter.
func (f AddressFilter) Match(a *Address) bool {
	if f.Domain != "" && !strings.EqualFold(f.Domain, a.Domain()) ||
		f.Kind != "" && f.Kind != a.Kind ||
		f.FoundBy != "" && f.FoundBy != a.FoundBy ||
		a.Confidence < f.MinConfidence ||
		f.OwnDomain != nil && *f.OwnDomain != a.OwnDomain {
		return false
	}
	if f.Search == "" {
		return true
	}
	q := strings.ToLower(f.Search)
	return strings.Contains(strings.ToLower(a.Email), q) || strings.Contains(strings.ToLower(a.SourceURL), q)
}
