package dynamostore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// Attributes of a shard's counters. The figures are attributes of their own, so
// that they can be added to without being read; the item stays under 1 KB.
const (
	attrProcessed    = "pr"
	attrBatchesDone  = "bd"
	attrExtraURLs    = "eu"
	attrExtraBatches = "eb"
	attrActive       = "ac"
	attrEmails       = "em"
	attrDomains      = "dm"
	attrPages        = "pg"
	attrBytes        = "by"
	attrUpdated      = "u"
	attrRecent       = "rc" // the stored form of a Result that holds only them
	attrRecentTurn   = "rn" // grows with every change of attrRecent
	outcomePrefix    = "o:" // o:<outcome>
)

// additions collects what one write adds to a shard's counters.
type additions struct {
	sums map[string]int64
	sets item
}

func add(name string, n int) *additions {
	a := &additions{sums: map[string]int64{attrVersion: 1}, sets: item{}}
	return a.and(name, int64(n))
}

func (a *additions) and(name string, n int64) *additions {
	if n != 0 {
		a.sums[name] += n
	}
	return a
}

func (a *additions) outcomes(of map[job.Outcome]int, sign int) *additions {
	for o, n := range of {
		a.and(outcomePrefix+string(o), int64(sign*n))
	}
	return a
}

func (a *additions) at(t time.Time) *additions {
	if !t.IsZero() {
		a.sets[attrUpdated] = nanos(t)
	}
	return a
}

// write makes a transaction's item of it. All names go by placeholders: an
// outcome's holds a colon.
func (a *additions) write(s *Store, id job.ID, shard int, condition string, values item) types.TransactWriteItem {
	names := map[string]string{}
	all := item{}
	for k, v := range values {
		all[k] = v
	}
	var adds, sets []string
	for name, n := range a.sums {
		i := strconv.Itoa(len(adds))
		adds = append(adds, "#a"+i+" :a"+i)
		names["#a"+i], all[":a"+i] = name, number(n)
	}
	for name, v := range a.sets {
		i := strconv.Itoa(len(sets))
		sets = append(sets, "#s"+i+" = :s"+i)
		names["#s"+i], all[":s"+i] = name, v
	}
	update := "ADD " + strings.Join(adds, ", ")
	if len(sets) > 0 {
		update += " SET " + strings.Join(sets, ", ")
	}
	w := s.transactUpdate(statKey(id, shard), update, condition, all)
	w.Update.ExpressionAttributeNames = names
	return w
}

func readCounters(it item) (job.Counters, error) {
	c := job.Counters{
		Processed:    it.number(attrProcessed),
		BatchesDone:  it.number(attrBatchesDone),
		ExtraURLs:    it.number(attrExtraURLs),
		ExtraBatches: it.number(attrExtraBatches),
		Active:       it.number(attrActive),
		Emails:       it.number(attrEmails),
		Domains:      it.number(attrDomains),
		Pages:        it.number(attrPages),
		Bytes:        it.number(attrBytes),
		UpdatedAt:    it.time(attrUpdated),
		Version:      it.number(attrVersion),
		Outcomes:     map[job.Outcome]int64{},
	}
	for name := range it {
		if o, ok := strings.CutPrefix(name, outcomePrefix); ok {
			c.Outcomes[job.Outcome(o)] = it.number(name)
		}
	}
	var err error
	c.Recent, err = readRecent(it)
	return c, err
}

func readRecent(it item) ([]job.Address, error) {
	data := it.binary(attrRecent)
	if data == nil {
		return nil, nil
	}
	r, err := job.DecodeResult(data)
	if err != nil {
		return nil, fmt.Errorf("newest addresses of %s: %w", it.text(attrPK), err)
	}
	return r.Addresses, nil
}

// Progress implements job.JobStore.
func (s *Store) Progress(ctx context.Context, id job.ID) (job.Progress, error) {
	keys := []item{metaKey(id)}
	for shard := range id.Shards() {
		keys = append(keys, statKey(id, shard))
	}
	found, err := s.getAll(ctx, keys, "")
	if err != nil {
		return job.Progress{}, fmt.Errorf("progress of job %s: %w", id, err)
	}
	var p job.Progress
	known := false
	shards := make([]job.Counters, 0, len(found))
	for _, it := range found {
		if it.text(attrSK) == SortMeta {
			known = true
			p.Job, err = readJob(it)
		} else {
			var c job.Counters
			c, err = readCounters(it)
			shards = append(shards, c)
		}
		if err != nil {
			return job.Progress{}, fmt.Errorf("progress of job %s: %w", id, err)
		}
	}
	if !known {
		return job.Progress{}, fmt.Errorf("progress of job %s: %w", id, job.ErrNotFound)
	}
	p.Counters = job.Sum(shards)
	return p, nil
}
