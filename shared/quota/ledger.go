package quota

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"gleaner/shared/record"
)

// A ledger is what one owner handed in within one day: entries numbered from 1
// without a gap, each with the sum up to it. An entry is only ever created, and
// only behind the last one, so of several processes that add at once one
// succeeds and the others look again: nothing is added on an outdated sum. The
// entries expire a day after theirs.
type ledger struct {
	owner, day string
	ends       time.Time
}

func (l ledger) partition() string { return "quota#" + l.day + "#" + l.owner }

func entryKey(n int) string { return fmt.Sprintf("%012d", n) }

// entry is one of a ledger.
type entry struct{ number, sum int }

// ledgers adds to ledgers. What it remembers of them saves looking for the last
// entry from the first one on.
type ledgers struct {
	records record.Store

	mu   sync.Mutex
	last map[ledger]entry
}

// remembered bounds ledgers.last.
const remembered = 10_000

const maxTries = 50

// add adds n to a ledger unless the sum would be beyond limit; less than nothing
// gives back, and what was given back of another day leaves nothing. It returns
// the sum before, and whether n was added.
func (s *ledgers) add(ctx context.Context, l ledger, n, limit int) (sum int, ok bool, err error) {
	for try := range maxTries {
		last, err := s.tail(ctx, l)
		if err != nil {
			return 0, false, err
		}
		if n > 0 && last.sum+n > limit {
			return last.sum, false, nil
		}
		next := entry{last.number + 1, max(0, last.sum+n)}
		err = s.records.Create(ctx, record.Record{
			Partition: l.partition(), Sort: entryKey(next.number),
			Value: strconv.AppendInt(nil, int64(next.sum), 10), Expires: l.ends.Add(24 * time.Hour),
		})
		switch {
		case err == nil:
			s.remember(l, next)
			return last.sum, true, nil
		case !errors.Is(err, record.ErrExists):
			return 0, false, err
		}
		select {
		case <-ctx.Done():
			return 0, false, ctx.Err()
		case <-time.After(rand.N(time.Duration(try+1) * 2 * time.Millisecond)):
		}
	}
	return 0, false, fmt.Errorf("%d others were faster", maxTries)
}

// tail finds the last entry: it looks 1, 2, 4, … entries ahead of the last one
// known, goes on from the farthest it found, and is done when the next is missing.
func (s *ledgers) tail(ctx context.Context, l ledger) (entry, error) {
	s.mu.Lock()
	last := s.last[l]
	s.mu.Unlock()
	for reach := 3; ; reach = 24 {
		ahead := make([]string, reach)
		for i := range ahead {
			ahead[i] = entryKey(last.number + 1<<i)
		}
		found, err := s.records.GetAll(ctx, l.partition(), ahead)
		if err != nil {
			return entry{}, err
		}
		if len(found) == 0 {
			s.remember(l, last)
			return last, nil
		}
		for _, r := range found {
			number, err := strconv.Atoi(r.Sort)
			if err != nil || number <= last.number {
				continue
			}
			sum, err := strconv.Atoi(string(r.Value))
			if err != nil {
				return entry{}, fmt.Errorf("entry %s of %s: %w", r.Sort, l.partition(), err)
			}
			last = entry{number, sum}
		}
	}
}

func (s *ledgers) remember(l ledger, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || len(s.last) >= remembered {
		s.last = map[ledger]entry{}
	}
	if e.number > s.last[l].number {
		s.last[l] = e
	}
}
