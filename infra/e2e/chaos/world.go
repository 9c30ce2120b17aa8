package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource"
	"gleaner/shared/audit"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/deadletters"
	"gleaner/shared/export"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

// Owner owns the world's jobs.
const Owner = "chaos"

// Times of the world's queue; a lease lasts about as long as a message is hidden.
const (
	visibility  = 6 * time.Minute
	maxReceives = 5
)

// World is one Gleaner with a clock of its own.
type World struct {
	Plain   job.Store // without faults, for looking at
	Faults  *Faults
	Bells   *Bells
	Web     *Web
	Crashes int

	clock   time.Time
	Skew    func() time.Duration // added to each reading of the clock; nil: none
	Both    func() bool          // whether two workers get the message at once; nil: never
	submit  *submit.Service
	Control *control.Service
	worker  *bells.Handler
	dead    *deadletters.Handler
	sweeper *sweep.Sweeper

	last job.Progress // for monotony
	died atomic.Bool  // the worker handling a message died of it
}

// NewWorld builds a world on an empty store.
func NewWorld(store job.Store) *World {
	w := &World{
		Plain:  store,
		Faults: &Faults{},
		Web:    &Web{},
		clock:  time.Now().UTC().Truncate(time.Millisecond),
	}
	w.Web.Clock = w.Now
	w.Bells = &Bells{now: func() time.Time { return w.clock }, visibility: visibility, maxReceive: maxReceives}
	w.boot()
	return w
}

// boot starts every process anew: what was in memory is gone.
func (w *World) boot() {
	store := &faultyStore{Store: w.Plain, faults: w.Faults}
	sender := &faultySender{Sender: w.Bells, faults: w.Faults}
	log := slog.New(slog.DiscardHandler)
	w.submit = submit.New(store, sender, submit.WithClock(w.Now), submit.WithLogger(log))
	w.Control = control.New(store, sender, w.Now, log)
	worker := work.New(work.Config{
		Store: store, Bells: sender, Crawler: w.Web, Planner: w.submit, Retrier: w.Control, Now: w.Now, Log: log,
	})
	w.worker = &bells.Handler{Worker: dying{worker, &w.died}, Log: log}
	w.dead = &deadletters.Handler{Worker: worker, Jobs: store, Now: w.Now, Log: log}
	w.sweeper = &sweep.Sweeper{Store: store, Bells: sender, Now: w.Now, Log: log}
}

// Now is the world's time.
func (w *World) Now() time.Time {
	if w.Skew != nil {
		return w.clock.Add(w.Skew())
	}
	return w.clock
}

// Advance lets time pass.
func (w *World) Advance(d time.Duration) { w.clock = w.clock.Add(d) }

// dying notes a crash that happens while a bell is answered, which the handler
// would take for a mere panic.
type dying struct {
	bells.Answerer
	died *atomic.Bool
}

// Ring implements bells.Answerer.
func (d dying) Ring(ctx context.Context, b job.Bell) error {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(Crash); ok {
				d.died.Store(true)
			}
			panic(p)
		}
	}()
	return d.Answerer.Ring(ctx, b)
}

// Alive runs one process's piece of work and reports whether it survived; if
// not, all processes start anew.
func (w *World) Alive(do func()) (alive bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(Crash); !ok {
				panic(p)
			}
			w.Crashes++
			w.boot()
			alive = false
		}
	}()
	do()
	return true
}

// Create hands in a list until it is answered, as a client with an idempotency
// key does.
func (w *World) Create(ctx context.Context, urls []string) (job.ID, error) {
	list := submit.FromStrings(urls)
	var id job.ID
	var last error
	for range 50 {
		if w.Alive(func() {
			var a submit.Answer
			a, last = w.submit.Create(ctx, submit.Request{
				Owner: Owner, List: list, Options: job.Options{Follow: job.FollowNone},
				Idempotency: &job.Idempotency{Key: "one", Fingerprint: "one"},
			})
			id = a.Job.ID
		}) && last == nil {
			return id, nil
		}
		w.Advance(30 * time.Second)
	}
	return id, fmt.Errorf("chaos: never created: %w", last)
}

// Do repeats an action of the owner until it is answered. job.ErrState ends it too.
func (w *World) Do(action func() (job.Job, error)) error {
	var err error
	for range 20 {
		if w.Alive(func() { _, err = action() }) && (err == nil || errors.Is(err, job.ErrState) || errors.Is(err, control.ErrNothing)) {
			return err
		}
	}
	return fmt.Errorf("chaos: never answered: %w", err)
}

// Step lets one message be handled or, when there is none, a minute pass and the
// sweeper run. It reports whether a message was handled.
func (w *World) Step(ctx context.Context) bool {
	if m, ok := w.Bells.receive(); ok {
		w.handle(ctx, m)
		return true
	}
	if len(w.Bells.Dead) > 0 {
		m := w.Bells.Dead[0]
		w.Bells.Dead = w.Bells.Dead[1:]
		var res events.SQSEventResponse
		if !w.Alive(func() { res, _ = w.dead.Handle(ctx, eventsource.Event(m)) }) || len(res.BatchItemFailures) > 0 {
			w.Bells.Dead = append(w.Bells.Dead, m)
			w.Advance(time.Minute)
		}
		return true
	}
	w.Advance(time.Minute)
	w.Alive(func() { _, _ = w.sweeper.Sweep(ctx) })
	return false
}

func (w *World) handle(ctx context.Context, m queue.Message) {
	w.died.Store(false)
	var second sync.WaitGroup
	if w.Both != nil && w.Both() {
		second.Go(func() { _, _ = w.worker.Handle(ctx, eventsource.Event(m)) })
	}
	res, _ := w.worker.Handle(ctx, eventsource.Event(m))
	second.Wait()
	switch {
	case w.died.Load(): // nobody is left to acknowledge the message
		w.Crashes++
		w.boot()
	case len(res.BatchItemFailures) == 0:
		w.Bells.delete(m.ID)
	}
}

// maxSteps bounds a run; a minute each when idle.
const maxSteps = 5000

// Run steps until the job is in a final status and no bell is left, and checks at each step what must always hold.
func (w *World) Run(ctx context.Context, id job.ID) error {
	for range maxSteps {
		w.Step(ctx)
		done, err := w.Check(ctx, id)
		if err != nil {
			return err
		}
		if done && w.Bells.empty() {
			return nil
		}
	}
	p, err := w.Plain.Progress(ctx, id)
	return fmt.Errorf("chaos: job is still %s after %d steps: %+v %w", p.Job.Status, maxSteps, p.Counters, err)
}

// Check checks the invariants of every moment and reports whether the job is in
// a final status.
func (w *World) Check(ctx context.Context, id job.ID) (final bool, err error) {
	p, err := w.Plain.Progress(ctx, id)
	if err != nil {
		return false, err
	}
	last := w.last
	was, is := last.Counters, p.Counters
	w.last = p
	switch {
	case is.Processed < was.Processed, is.Emails < was.Emails, is.Pages < was.Pages, p.Version() < last.Version():
		return false, fmt.Errorf("chaos: progress went back: %+v after %+v", is, was)
	case is.Processed > p.Total():
		return false, fmt.Errorf("chaos: %d processed of %d", is.Processed, p.Total())
	case is.Active < 0 || p.OpenBatches() < 0:
		return false, fmt.Errorf("chaos: %d active, %d open", is.Active, p.OpenBatches())
	}
	return p.Job.Status.Final(), nil
}

// End is how a job ended, for comparison.
type End struct {
	Status    job.Status
	Counters  string
	Outcomes  map[string]job.Outcome // by URL
	Addresses []string
	Open      int // batches not settled
}

// End collects how the job ended and checks that it is consistent in itself.
func (w *World) End(ctx context.Context, id job.ID) (End, error) {
	p, err := w.Plain.Progress(ctx, id)
	if err != nil {
		return End{}, err
	}
	e := End{Status: p.Job.Status, Outcomes: map[string]job.Outcome{}, Open: int(p.OpenBatches())}
	count, err := audit.Recount(ctx, w.Plain, id)
	if err != nil {
		return e, err
	}
	if !count.Clean() || count.InFlight > 0 && e.Status.Final() {
		return e, fmt.Errorf("chaos: the recount differs: %+v", count)
	}
	for v, err := range export.Visits(ctx, w.Plain, id, export.VisitFilter{}) {
		if err != nil {
			return e, err
		}
		e.Outcomes[v.URL] = v.Outcome
	}
	for a, err := range export.Addresses(ctx, w.Plain, id, job.AddressFilter{}) {
		if err != nil {
			return e, err
		}
		e.Addresses = append(e.Addresses, a.Email)
	}
	slices.Sort(e.Addresses)
	c := p.Counters
	if e.Status.Final() && c.Active != 0 {
		return e, fmt.Errorf("chaos: %s with %d batches still at work", e.Status, c.Active)
	}
	if e.Status == job.Completed && (e.Open != 0 || c.Active != 0 || len(e.Outcomes) != p.Job.URLs || c.Processed != p.Total()) {
		return e, fmt.Errorf("chaos: completed with %d open, %d active, %d of %d URLs, %d of %d processed",
			e.Open, c.Active, len(e.Outcomes), p.Job.URLs, c.Processed, p.Total())
	}
	e.Counters = fmt.Sprintf("processed %d emails %d domains %d pages %d bytes %d outcomes %v",
		c.Processed, c.Emails, c.Domains, c.Pages, c.Bytes, c.Outcomes)
	return e, nil
}

// Jobs lists the world's jobs.
func (w *World) Jobs() []job.ID {
	page, err := w.Plain.Jobs(context.Background(), Owner, job.JobFilter{}, "", job.MaxPage)
	if err != nil {
		panic(err)
	}
	ids := make([]job.ID, len(page.Items))
	for i := range page.Items {
		ids[i] = page.Items[i].ID
	}
	return ids
}

// Status is where a job stands.
func (w *World) Status(ctx context.Context, id job.ID) job.Status {
	j, err := w.Plain.Job(ctx, id)
	if err != nil {
		panic(err)
	}
	return j.Status
}
