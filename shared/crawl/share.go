package crawl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"sync"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/record"
	"gleaner/shared/robots"
)

// Shared robots.txt files live in a few partitions, so that none of them is hot:
// partition R#<n>, sort key <product> <origin>.
const robotsPartitions = 4

// shareFrom is how many targets of a batch an origin needs for its robots.txt to
// be shared. A job's planner gives a host to one worker; other workers meet it
// only if it has so many pages that its batches follow each other, or if other hosts
// redirect to it. A store is asked for and given those only: for all the others
// it would cost more than the one request that it saves.
const shareFrom = 3

// shares reports whether an origin's robots.txt is looked for and left in the
// store. Origins that no target is on were come to by a redirect or a link.
func (r *run) shares(origin string) bool {
	n := r.targets[origin]
	return r.c.cfg.Records != nil && (n == 0 || n >= shareFrom)
}

// sharedTimeout bounds what looking at shared records may cost: they only save work.
const sharedTimeout = 3 * time.Second

func (c *Crawler) robotsKey(origin string) (partition, sort string) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(origin))
	return fmt.Sprintf("R#%02d", h.Sum32()%robotsPartitions), c.cfg.Fetch.Product + " " + origin
}

func (c *Crawler) rulebookOf(value []byte) (*rulebook, error) {
	var file robots.File
	if err := file.UnmarshalBinary(value); err != nil {
		return nil, err
	}
	return &rulebook{rules: file.Agent(c.cfg.Fetch.Product), sitemaps: file.Sitemaps()}, nil
}

// wish is a set of records to read: by partition, the sort keys and what to do
// with each that is there.
type wish map[string]map[string]func(record.Record)

func (w wish) add(partition, sort string, use func(record.Record)) {
	if w[partition] == nil {
		w[partition] = map[string]func(record.Record){}
	}
	w[partition][sort] = use
}

// loadShared reads what workers know of the robots.txt files of this batch's
// hosts and of its pages, in few requests, before any host is asked.
func (r *run) loadShared(ctx context.Context) {
	if r.c.cfg.Records == nil {
		return
	}
	w := wish{}
	for name, n := range r.targets {
		if n >= shareFrom {
			r.wishRobots(w, name)
		}
	}
	for _, t := range r.req.Targets {
		u, err := url.Parse(t.URL)
		if err != nil || u.Host == "" {
			continue
		}
		mode := r.followFor(u)
		u = r.preferred(u, t.Guessed)
		address := u.String()
		partition, sort := r.validatorKey(u, mode)
		w.add(partition, sort, func(rec record.Record) {
			var v validator
			if json.Unmarshal(rec.Value, &v) == nil {
				r.known[address] = v
			}
		})
	}
	r.grant(ctx, w)
}

func (r *run) wishRobots(w wish, name string) {
	if r.opt.IgnoreRobots {
		return
	}
	if _, ok := r.c.robots.Get(name, time.Now()); ok {
		return
	}
	partition, sort := r.c.robotsKey(name)
	w.add(partition, sort, func(rec record.Record) {
		if book, err := r.c.rulebookOf(rec.Value); err == nil { // else another version's form: fetch it
			r.c.robots.Put(name, book, expiry(rec))
		}
	})
}

// grant reads the partitions side by side and uses what is there. A fault means
// more work for us and nothing else.
func (r *run) grant(ctx context.Context, w wish) {
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	for partition, uses := range w {
		all.Go(func() {
			sorts := make([]string, 0, len(uses))
			for sort := range uses {
				sorts = append(sorts, sort)
			}
			records, err := r.c.cfg.Records.GetAll(ctx, partition, sorts)
			if err != nil {
				r.req.Log.WarnContext(ctx, "shared records could not be read", "partition", partition, "error", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, rec := range records {
				if use := uses[rec.Sort]; use != nil {
					use(rec)
				}
			}
		})
	}
	all.Wait()
}

func expiry(rec record.Record) time.Time {
	if rec.Expires.IsZero() {
		return time.Now().Add(robotsTTL)
	}
	return rec.Expires
}

// sharedRobots looks for one origin that loadShared did not know of.
func (r *run) sharedRobots(ctx context.Context, origin string) *rulebook {
	if !r.shares(origin) || r.targets[origin] > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	partition, sort := r.c.robotsKey(origin)
	rec, err := r.c.cfg.Records.Get(ctx, partition, sort)
	if err != nil {
		if !errors.Is(err, record.ErrNotFound) {
			r.req.Log.WarnContext(ctx, "a shared robots.txt file could not be read", "error", err)
		}
		return nil
	}
	book, err := r.c.rulebookOf(rec.Value)
	if err != nil {
		return nil
	}
	r.c.robots.Put(origin, book, expiry(rec))
	return book
}

// share keeps a file to be stored for the others at the end. r.mu is held.
func (r *run) share(origin string, file *robots.File) {
	if !r.shares(origin) {
		return
	}
	value, err := file.MarshalBinary()
	if err != nil || len(value) > record.MaxValue {
		return
	}
	partition, sort := r.c.robotsKey(origin)
	r.fresh = append(r.fresh, record.Record{Partition: partition, Sort: sort, Value: value, Expires: r.now().Add(robotsTTL)})
}

// saveShared stores what was learned for others.
func (r *run) saveShared(ctx context.Context) {
	if len(r.fresh) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	if err := r.c.cfg.Records.PutAll(ctx, r.fresh); err != nil {
		r.req.Log.WarnContext(ctx, "what was learned of sites could not be shared", "error", err)
	}
}

// unpack undoes the content coding of a robots.txt or sitemap, cut off where it
// is too long, and lets use work on it.
func (r *run) unpack(resp *fetch.Response, use func([]byte)) error {
	if resp.Encoding == "" {
		use(resp.Body)
		return nil
	}
	dec := r.c.client.NewDecoder()
	defer dec.Done()
	text, err := dec.Decode(resp, true)
	if err == nil {
		use(text)
	}
	return err
}
