package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
)

const (
	listingBatch = job.MaxBatch
	// maxTimesScan is how long an export may take, compared with a scan of the
	// same rows by the database driver alone.
	maxTimesScan = 3
	// maxGrowth is how much dearer the last batches of a job may be than the
	// first: the processor has nothing more to do for them, which maxGrowthCPU says
	// more closely than a clock that others' work delays.
	maxGrowth    = 2.5
	maxGrowthCPU = 1.25
)

// listing stores a million URLs with as many addresses, batch by batch as workers
// do, looks how the cost of a batch and of a poll changes on the way, then reads
// pages and exports over HTTP.
func listing(ctx context.Context, e *Env, r *Report) error {
	dir, remove, err := e.tempDir()
	if err != nil {
		return err
	}
	defer remove()
	path := filepath.Join(dir, "gleaner.db")
	store, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	total := e.million()
	id, err := fill(ctx, e, r, store, total)
	if err != nil {
		return err
	}
	size, err := fileSize(ctx, path)
	if err != nil {
		return err
	}
	r.add("database", size/(1<<20), "MB", "")
	s, err := serve(ctx, api(store, silence{}))
	if err != nil {
		return err
	}
	defer s.close()
	base := "/jobs/" + string(id)
	for _, page := range []struct{ name, path, want string }{
		{"first page of 100 addresses", "/emails?limit=100", "< 20"},
		{"first page of 100 of a frequent kind", "/emails?limit=100&kind=personal", "< 20"},
		{"first page of 100 of a kind that nothing has", "/emails?limit=100&kind=disposable", "< 20"},
		{"first page of 100 of one domain", "/emails?limit=100&domain=" + company(total/2), "< 20"},
		{"first page of 100 of a confidence that few have", "/emails?limit=100&min_confidence=0.98", "< 20"},
		{"first page of 100 with a frequent text", "/emails?limit=100&q=firma-0", "< 20"},
		{"first page of 100 with a rare text", "/emails?limit=100&q=" + company(total/2), "< 20"},
		{"first page of 100 with a text that nothing matches", "/emails?limit=100&q=nowhere-to-be-found", "< 20"},
		{"first page of 100 URLs", "/urls?limit=100", "< 20"},
		{"first page of 100 URLs that timed out", "/urls?limit=100&outcome=timeout", "< 20"},
		{"first page of 100 URLs with a text that nothing matches", "/urls?limit=100&q=nowhere-to-be-found", "< 20"},
	} {
		var took samples
		for range e.pick(200, 20) {
			began := time.Now()
			if _, err := s.do(ctx, http.MethodGet, base+page.path, "", nil, http.StatusOK); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		r.add(page.name+", p50", took.at(0.5), "ms", page.want)
		r.add(page.name+", p99", took.at(0.99), "ms", page.want)
	}
	if err := searchAll(ctx, r, s, base, company(total/2)); err != nil {
		return err
	}
	return exports(ctx, e, r, s, path, base, total)
}

// company is the domain of one of a million companies.
func company(n int) string { return fmt.Sprintf("firma-%07d.de", n) }

// searchAll follows the cursors of a list to its end: pages are bounded in what
// they cost, so one that finds little may be short or empty although more follow.
func searchAll(ctx context.Context, r *Report, s *server, base, text string) error {
	var found, requests int
	took, err := measured(func() error {
		for cursor := ""; ; {
			answer, err := s.do(ctx, http.MethodGet, base+"/emails?limit=100&q="+text+"&cursor="+cursor, "", nil, http.StatusOK)
			if err != nil {
				return err
			}
			var page struct {
				Emails []job.Address `json:"emails"`
				Next   string        `json:"next"`
			}
			if err := json.Unmarshal(answer, &page); err != nil {
				return err
			}
			requests++
			found += len(page.Emails)
			if cursor = page.Next; cursor == "" {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	r.add("all pages with a rare text", took.wall.Seconds()*1000, "ms", "")
	r.add("all pages with a rare text, requests", float64(requests), "", "")
	r.most("difference in addresses with a rare text", float64(max(found-1, 1-found)), 0)
	return nil
}

// exports reads whole lists, in turn with a scan of the rows.
func exports(ctx context.Context, e *Env, r *Report, s *server, path, base string, total int) error {
	scan := func() error { return scanRows(ctx, path) }
	rounds := e.pick(3, 2)
	for _, file := range []struct {
		name string
		head int // lines that are no rows
	}{{"emails.csv", 1}, {"emails.ndjson", 0}, {"urls.csv", 1}, {"urls.ndjson", 0}} {
		e.note("listing: %s", file.name)
		var ours, plain, cpu, heap []float64
		for range rounds {
			lines, peak := 0, uint64(0)
			forgetPeak()
			done := watchHeap(&peak)
			took, err := measured(func() (err error) {
				lines, _, err = s.drain(ctx, base+"/"+file.name)
				return err
			})
			done()
			if err != nil {
				return err
			}
			if lines-file.head != total {
				return fmt.Errorf("%s has %d rows, want %d", file.name, lines-file.head, total)
			}
			ours, cpu, heap = append(ours, float64(total)/took.wall.Seconds()), append(cpu, took.cpu.Seconds()), append(heap, float64(peak)/(1<<20))
			if took, err = measured(scan); err != nil {
				return err
			}
			plain = append(plain, took.cpu.Seconds())
		}
		r.add(file.name, median(ours), "rows/s", "> 100,000")
		r.add(file.name+", CPU", median(cpu)/float64(total)*1e6, "s per million rows", "")
		r.add(file.name+", peak of the heap", median(heap), "MB", "constant")
		r.most(file.name+": CPU to that of a bare scan of the addresses", slices.Min(cpu)/slices.Min(plain), e.allowed(maxTimesScan))
	}
	return nil
}

// watchHeap notes the largest heap until the function returned is called.
func watchHeap(peak *uint64) func() {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*peak = max(*peak, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(stop); wg.Wait() }
}

// scanRows is the baseline: the driver alone reads all addresses.
func scanRows(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, "SELECT email, source_url, found_by, kind, confidence, first_seen FROM address ORDER BY n")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err
	for rows.Next() {
		var email, source, found, kind string
		var confidence float64
		var seen int64
		if err := rows.Scan(&email, &source, &found, &kind, &confidence, &seen); err != nil {
			return err
		}
	}
	return rows.Err()
}

// fileSize is how many bytes a database has, those in its log included.
func fileSize(ctx context.Context, path string) (size float64, err error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	err = db.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size)
	return size, err
}

// fill takes a job of total URLs, an address on each, through its life without
// fetching, and reports what a batch and a poll cost at its start and at its end.
func fill(ctx context.Context, e *Env, r *Report, store *sqlitestore.Store, total int) (job.ID, error) {
	now := time.Now().UTC().Truncate(time.Second)
	id := job.NewID(now, job.ShardsFor(total))
	var batches []job.Batch
	for first := 0; first < total; first += listingBatch {
		b := job.Batch{Ref: job.Ref{Job: id, Key: job.PlannedKey(len(batches))}, Due: now}
		for i := first; i < min(first+listingBatch, total); i++ {
			b.Targets = append(b.Targets, job.Target{URL: "https://www." + company(i) + "/impressum"})
		}
		batches = append(batches, b)
	}
	j := job.Job{ID: id, Owner: "local", URLs: total, Batches: len(batches), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := running(ctx, store, j, batches); err != nil {
		return "", err
	}
	var life, settle, progress, cpu []float64
	for i := range batches {
		if i%100 == 99 {
			e.note("listing: %d of %d batches stored", i+1, len(batches))
		}
		var settled time.Duration
		took, err := measured(func() (err error) { settled, err = live1(ctx, store, &batches[i], now); return err })
		if err != nil {
			return "", err
		}
		began := time.Now()
		if _, err := store.Progress(ctx, id); err != nil {
			return "", err
		}
		progress = append(progress, time.Since(began).Seconds()*1000)
		life, cpu = append(life, took.wall.Seconds()*1000), append(cpu, took.cpu.Seconds()*1000)
		settle = append(settle, settled.Seconds()*1000)
	}
	part := max(1, len(batches)/5)
	ends := func(name string, values []float64, limit float64) {
		start, end := median(values[:part]), median(values[len(values)-part:])
		r.add(name+", first fifth of the job, p50", start, "ms", "")
		r.add(name+", last fifth of the job, p50", end, "ms", "as in the first")
		if limit > 0 {
			// Of the better half: what it takes when little else is in the way.
			r.most(name+": at the end to at the start",
				quartile(values[len(values)-part:])/quartile(values[:part]), e.allowed(limit))
		}
	}
	ends(fmt.Sprintf("life of a batch of %d URLs with as many new addresses and domains", listingBatch), life, 0)
	ends("the same, CPU", cpu, maxGrowthCPU)
	ends("settle", settle, maxGrowth)
	ends("progress from the store", progress, maxGrowth)
	p, err := store.Progress(ctx, id)
	if err == nil {
		_, err = job.Mutate(ctx, store, id, func(j *job.Job) error { return j.Become(job.Completed, now, "") })
		off := func(n int64) float64 { return float64(max(int64(total)-n, n-int64(total))) }
		r.most("difference in addresses", off(p.Counters.Emails), 0)
		r.most("difference in domains", off(p.Counters.Domains), 0)
	}
	return id, err
}

// live1 takes one batch through its life and says how long the settling took.
func live1(ctx context.Context, store *sqlitestore.Store, b *job.Batch, now time.Time) (time.Duration, error) {
	if _, err := store.Claim(ctx, b.Ref, job.Claim{Token: "t", Now: now, Lease: time.Minute}); err != nil {
		return 0, err
	}
	res := job.Result{Pages: len(b.Targets), Bytes: int64(50_000 * len(b.Targets))}
	for i := range b.Targets {
		n := b.Ref.Key.Seq()*listingBatch + i
		v := job.Visit{URL: b.Targets[i].URL, Outcome: job.OutcomeFound, Status: http.StatusOK, Pages: 1, Addresses: 1, Millis: 100 + n%900}
		if n%50 == 7 {
			v.Outcome, v.Status, v.Detail = job.OutcomeTimeout, 0, "no byte for 10 s"
		}
		res.Visits = append(res.Visits, v)
		a := job.Address{
			Email: fmt.Sprintf("kontakt.%07d@%s", n*7919%10_000_019, company(n)), SourceURL: b.Targets[i].URL,
			FoundBy: "mailto", Kind: "role", Confidence: 0.95, OwnDomain: true, FirstSeen: now.Add(time.Duration(n) * time.Millisecond),
		}
		if n%3 == 0 {
			a.Kind, a.Confidence, a.Reasons = "personal", 0.8, []string{"spelled out"}
		}
		if n%5000 == 1 {
			a.Confidence = 0.99
		}
		res.Addresses = append(res.Addresses, a)
	}
	if err := store.SaveResult(ctx, b.Ref, "t", res, nil); err != nil {
		return 0, err
	}
	mine, err := store.PutAddresses(ctx, b.Ref, res.Addresses, now.Add(time.Hour))
	if err != nil {
		return 0, err
	}
	domains := make([]string, len(res.Addresses))
	for i := range domains {
		domains[i] = res.Addresses[i].Domain()
	}
	newDomains, err := store.PutDomains(ctx, b.Ref, domains, now.Add(time.Hour))
	if err != nil {
		return 0, err
	}
	tally := job.TallyOf(&res)
	tally.Recent = res.Addresses[len(res.Addresses)-min(len(res.Addresses), job.MaxRecent):]
	for i := range mine {
		if mine[i] {
			tally.Emails++
		}
		if newDomains[i] {
			tally.Domains++
		}
	}
	began := time.Now()
	_, err = store.Settle(ctx, b.Ref, tally, now, now)
	return time.Since(began), err
}
