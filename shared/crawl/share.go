package crawl

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/record"
	"gleaner/shared/robots"
)

// Shared robots.txt files live in a few partitions, so that none of them is hot:
// partition R#<n>, sort key <product> <origin>.
const robotsPartitions = 16

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

// loadShared reads what other workers know of the robots.txt files of this
// batch's hosts, in few requests, before any of them is asked.
func (r *run) loadShared(ctx context.Context) {
	if r.c.cfg.Records == nil || r.opt.IgnoreRobots {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	wanted := map[string][]string{}
	names := map[string]string{}
	for _, t := range r.req.Targets {
		u, err := url.Parse(t.URL)
		if err != nil {
			continue
		}
		name := originName(r.preferred(u, t.Guessed))
		partition, sort := r.c.robotsKey(name)
		if _, known := names[sort]; known {
			continue
		}
		names[sort] = name
		if _, ok := r.c.robots.Get(name, time.Now()); !ok {
			wanted[partition] = append(wanted[partition], sort)
		}
	}
	for partition, sorts := range wanted {
		records, err := r.c.cfg.Records.GetAll(ctx, partition, sorts)
		if err != nil {
			r.req.Log.WarnContext(ctx, "shared robots.txt files could not be read", "job", r.req.Job.ID, "error", err)
			return
		}
		for _, rec := range records {
			if book, err := r.c.rulebookOf(rec.Value); err == nil {
				r.c.robots.Put(names[rec.Sort], book, expiry(rec))
			}
		}
		for _, sort := range sorts {
			r.looked[names[sort]] = true
		}
	}
}

func expiry(rec record.Record) time.Time {
	if rec.Expires.IsZero() {
		return time.Now().Add(robotsTTL)
	}
	return rec.Expires
}

// sharedRobots looks for one origin that loadShared did not look for.
func (r *run) sharedRobots(ctx context.Context, origin string) *rulebook {
	if r.c.cfg.Records == nil || r.looked[origin] {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sharedTimeout)
	defer cancel()
	partition, sort := r.c.robotsKey(origin)
	rec, err := r.c.cfg.Records.Get(ctx, partition, sort)
	if err != nil {
		if !errors.Is(err, record.ErrNotFound) {
			r.req.Log.WarnContext(ctx, "a shared robots.txt file could not be read", "job", r.req.Job.ID, "error", err)
		}
		return nil
	}
	book, err := r.c.rulebookOf(rec.Value)
	if err != nil {
		return nil // another version's form: fetch it
	}
	r.c.robots.Put(origin, book, expiry(rec))
	return book
}

// share keeps a file to be stored for the others at the end. r.mu is held.
func (r *run) share(origin string, file *robots.File) {
	if r.c.cfg.Records == nil {
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
		r.req.Log.WarnContext(ctx, "robots.txt files could not be shared", "job", r.req.Job.ID, "error", err)
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
