package chaos

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"gleaner/infra/local/eventsource"
	"gleaner/shared/bells"
	"gleaner/shared/control"
	"gleaner/shared/deadletters"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/submit"
	"gleaner/shared/sweep"
	"gleaner/shared/work"
)

// Times of the world's queue; a lease lasts about as long as a message is hidden.
const (
	visibility  = 6 * time.Minute
	maxReceives = 5
)

// World is one Gleaner with a clock of its own.
type World struct {
	Owner   string    // of the world's jobs; no other world on the same store has it
	Plain   job.Store // without faults, for looking at
	Faults  *Faults
	Bells   *Bells
	Web     *Web
	Crashes int
	// Doubled counts bells delivered to two workers at once.
	Doubled int

	clock   time.Time
	Skew    func() time.Duration // added to each reading of the clock; nil: none
	Both    func() bool          // whether two workers get the message at once; nil: never
	Submit  *submit.Service
	Control *control.Service
	worker  *bells.Handler
	dead    *deadletters.Handler
	sweeper *sweep.Sweeper

	last job.Progress // for monotony
	died atomic.Bool  // the worker handling a message died of it
}

// NewWorld builds a world on a store in which no other world has a job under way.
func NewWorld(store job.Store) *World {
	w := &World{
		Owner:  "chaos-" + rand.Text(),
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
	w.Submit = submit.New(store, sender, submit.WithClock(w.Now), submit.WithLogger(log))
	w.Control = control.New(store, sender, w.Now, log)
	worker := work.New(work.Config{
		Store: store, Bells: sender, Crawler: w.Web, Planner: w.Submit, Retrier: w.Control, Now: w.Now, Log: log,
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
		w.Doubled++
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
