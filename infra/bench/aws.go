package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"gleaner/infra/e2e/emulators"
	"gleaner/shared/crawl"
	"gleaner/shared/dynamostore"
	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/sqsqueue"
	"gleaner/shared/work"
)

// Prices in US dollars (us-east-1, on demand, November 2026).
const (
	priceWrite   = 0.625 / 1e6 // write unit
	priceRead    = 0.125 / 1e6 // read unit
	priceMessage = 0.50 / 1e6  // SQS request, fair queues included
	priceCall    = 0.20 / 1e6  // Lambda request
	priceGBs     = 0.0000133334
)

// maxUnitsURL is how many write units a URL may take, all in.
const maxUnitsURL = 1

// hostPages is how many URLs of a host are on the list; an address of their own is on
// two of them.
const hostPages = 6

// units runs a job as AWS would, with the real worker, crawler and adapters on
// emulators, and counts what it would be billed for. Every batch is worked off by a
// worker that has just started, which knows nothing of what others found: the
// dearest case.
func units(ctx context.Context, e *Env, r *Report) error {
	c, err := e.openCloud(ctx)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	web, err := e.startSite(ctx)
	if err != nil {
		return err
	}
	defer web.stop()
	var m unitMeter
	store := &refusals{Store: dynamostore.New(emulators.Billed(c.dynamo), c.table, dynamostore.WithCapacityObserver(m.observe))}
	bells := sqsqueue.New(c.sqs, c.queue)
	urls := e.pick(10_000, 2_000)
	now := time.Now().UTC()
	id := job.NewID(now, job.ShardsFor(urls))
	targets := make([]job.Target, urls)
	for i := range targets {
		targets[i].URL = web.url(mixHost, i/hostPages, i%hostPages)
	}
	plan := job.PlanBySize(id, targets, now, func(int) int { return job.MaxBatch }, job.MaxBatch)
	j := job.Job{
		ID: id, Owner: "anna", URLs: urls, Batches: len(plan.Batches), CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
		Options: job.Options{Follow: job.FollowNone},
	}
	if err := j.Options.Normalise(); err != nil {
		return err
	}
	e.note("aws: %d URLs in %d batches", urls, len(plan.Batches))
	if err := running(ctx, store, j, plan.Batches); err != nil {
		return err
	}
	messages := make([]queue.Outgoing, len(plan.Batches))
	for i := range plan.Batches {
		messages[i] = queue.Outgoing{Body: job.Bell{Ref: plan.Batches[i].Ref}.Encode(), Group: j.Owner}
	}
	if err := bells.Send(ctx, messages); err != nil {
		return err
	}
	if err := workOff(ctx, store, bells, len(plan.Batches)); err != nil {
		return err
	}
	polls := m.reads.Load()
	p, err := store.Progress(ctx, id)
	if err != nil {
		return err
	}
	poll := float64(m.reads.Load()-polls) / unitScale
	if p.Counters.Outcomes[job.OutcomeFound]+p.Counters.Outcomes[job.OutcomeNone] != int64(urls) || p.Job.Status != job.Completed {
		return fmt.Errorf("the job ended %s with %v", p.Job.Status, p.Counters.Outcomes)
	}

	perThousand := 1000 / float64(urls)
	// A refused write is billed, and DynamoDB does not tell.
	writes := (float64(m.writes.Load())/unitScale + float64(store.refused.Load())) * perThousand
	reads := float64(m.reads.Load()) / unitScale * perThousand
	calls := float64(len(plan.Batches)) * perThousand
	sqs := float64(c.queueLink.requests.Load()-1) * perThousand // all but the making of the queue
	r.add("write units", writes, "per 1,000 URLs", "≤ 1,000")
	r.add("read units", reads, "per 1,000 URLs", "")
	r.add("read units of one poll", poll, "", "")
	r.add("SQS requests", sqs, "per 1,000 URLs", "")
	r.add("addresses found", float64(p.Counters.Emails)*perThousand, "per 1,000 URLs", "")
	r.most("write units per URL", writes/1000, maxUnitsURL)
	r.Text = m.table(perThousand) + bill(r, e, writes, reads, sqs, calls)
	return nil
}

// bill is what a million URLs cost, Lambda by the simulated time of the workers.
func bill(r *Report, e *Env, writes, reads, sqs, calls float64) string {
	model := DefaultModel
	model.URLs = e.pick(1_000_000, 100_000)
	model.Hosts = model.URLs / hostPages
	run := model.SimulateRule()
	seconds := run.Busy.Seconds() / float64(model.URLs) * 1000 // of workers, per 1,000 URLs
	const thousands = 1000                                     // in a million
	store := thousands * (writes*priceWrite + reads*priceRead)
	poll := float64(1 + job.ShardsFor(1_000_000))         // read units: the job and its counters
	watching := run.Makespan.Seconds() * poll * priceRead // one look a second
	messages := thousands * sqs * priceMessage
	var b strings.Builder
	fmt.Fprintf(&b, "\nA million URLs, pages of %s on average: DynamoDB $%.3f, looking every second $%.3f, SQS $%.4f, Lambda requests $%.4f;\n",
		model.Mean, store, watching, messages, thousands*calls*priceCall)
	r.add("worker time (simulated)", seconds, "s per 1,000 URLs", "")
	for _, mb := range []float64{512, 1024, 1769} {
		compute := thousands * seconds * mb / 1024 * priceGBs
		total := store + watching + messages + thousands*calls*priceCall + compute
		fmt.Fprintf(&b, "workers of %.0f MB: %.1f GB-s per 1,000 URLs, $%.3f; in all $%.2f per million URLs\n", mb, seconds*mb/1024, compute, total)
		r.add(fmt.Sprintf("a million URLs with workers of %.0f MB", mb), total, "$", "0.8–1.5")
	}
	return b.String()
}

// workOff takes the messages of so many batches one after the other, each with a
// fresh worker, as Lambda's poller and functions do.
func workOff(ctx context.Context, store *refusals, bells *sqsqueue.Queue, batches int) error {
	for done := 0; done < batches; {
		got, err := bells.Receive(ctx, 1, time.Minute, 2*time.Second)
		if err != nil {
			return err
		}
		for _, m := range got {
			bell, err := job.ParseBell(m.Body)
			if err != nil {
				return err
			}
			crawler, err := crawl.New(crawl.Config{
				Fetch:   fetch.Config{Resolver: siteNames, AllowNets: []netip.Prefix{siteNet}},
				Records: store, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				return err
			}
			if err := work.New(work.Config{Store: store, Bells: bells, Crawler: crawler}).Ring(ctx, bell); err != nil {
				return err
			}
			if err := bells.Delete(ctx, m.Receipt); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

// refusals counts conditional writes that were refused.
type refusals struct {
	*dynamostore.Store
	refused atomic.Int64
}

// PutAddresses implements job.AddressStore.
func (s *refusals) PutAddresses(ctx context.Context, r job.Ref, addresses []job.Address, expires time.Time) ([]bool, error) {
	mine, err := s.Store.PutAddresses(ctx, r, addresses, expires)
	s.count(mine)
	return mine, err
}

// PutDomains implements job.AddressStore.
func (s *refusals) PutDomains(ctx context.Context, r job.Ref, domains []string, expires time.Time) ([]bool, error) {
	mine, err := s.Store.PutDomains(ctx, r, domains, expires)
	s.count(mine)
	return mine, err
}

func (s *refusals) count(mine []bool) {
	for _, is := range mine {
		if !is {
			s.refused.Add(1)
		}
	}
}

// unitScale turns units, which come in halves, into whole numbers.
const unitScale = 2

// unitMeter adds up what a store's requests consume.
type unitMeter struct {
	reads, writes atomic.Int64
	mu            sync.Mutex
	order         []string
	byOp          map[string]*[3]float64 // requests, writes, reads
}

func (m *unitMeter) observe(op string, reads, writes float64) {
	m.reads.Add(int64(reads * unitScale))
	m.writes.Add(int64(writes * unitScale))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byOp == nil {
		m.byOp = map[string]*[3]float64{}
	}
	if m.byOp[op] == nil {
		m.byOp[op] = new([3]float64)
		m.order = append(m.order, op)
	}
	m.byOp[op][0]++
	m.byOp[op][1] += writes
	m.byOp[op][2] += reads
}

func (m *unitMeter) table(scale float64) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "per 1,000 URLs\trequests\twrite units\tread units\t")
	for _, op := range m.order {
		n := m.byOp[op]
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t\n", op, n[0]*scale, n[1]*scale, n[2]*scale)
	}
	_ = w.Flush() // to memory
	return b.String()
}
