package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"gleaner/shared/fetch"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/record"
)

// Jobs is what is read of jobs; see job.JobStore.
type Jobs interface {
	Progress(ctx context.Context, id job.ID) (job.Progress, error)
}

// Config is what a Service is made of; Now and Log may be nil.
type Config struct {
	Jobs    Jobs
	Records record.Store
	Bells   queue.Sender
	Fetch   fetch.Config // User-Agent, certificates, and which networks may be reached
	Now     func() time.Time
	Log     *slog.Logger
}

// Service makes the calls. It is safe for concurrent use.
type Service struct {
	Config
	secrets *Secrets
	caller  *caller
}

// New makes a Service; an error says what is wrong with c.Fetch.
func New(c Config) (*Service, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	caller, err := newCaller(c.Fetch)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return &Service{Config: c, secrets: NewSecrets(c.Records, c.Now), caller: caller}, nil
}

// message is the body of a call.
type message struct {
	ID        string       `json:"id"`
	Type      string       `json:"type"`
	CreatedAt time.Time    `json:"created_at"`
	Job       job.ID       `json:"job"`
	Progress  job.Snapshot `json:"progress"`
}

// TypeCompleted is the only type of message there is.
const TypeCompleted = "job.completed"

func bodyOf(p *job.Progress) ([]byte, error) {
	at := p.Job.FinishedAt.UTC()
	s := p.Snapshot(at) // its time is that of the completion: the same body at every try
	s.Recent = nil
	return json.Marshal(message{ID: deliveryID(&p.Job), Type: TypeCompleted, CreatedAt: at, Job: p.Job.ID, Progress: s})
}

// Announce answers a webhook bell: if the job is completed, wants a call and has
// not had it, or is to have it again, one try is made. When that fails the next
// bell is rung, with a delay. nil means that this bell has done its duty; an
// error, that it should come again. One try is made at a time: a bell that rings
// meanwhile is held back, for it may be that of a request to send again.
func (s *Service) Announce(ctx context.Context, id job.ID) error {
	p, err := s.Jobs.Progress(ctx, id)
	switch {
	case errors.Is(err, job.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("webhook: job %s: %w", id, err)
	case sendable(&p.Job) != nil || !p.Job.DeletedAt.IsZero():
		return nil
	}
	release, ok, err := s.claim(ctx, &p.Job)
	switch {
	case err != nil:
		return err
	case !ok:
		return ring(ctx, s.Bells, &p.Job, busyGap)
	}
	defer release()
	return s.try(ctx, &p)
}

// try makes one try, if it is time for one.
func (s *Service) try(ctx context.Context, p *job.Progress) error {
	d, _, err := load(ctx, s.Records, &p.Job)
	if err != nil {
		return err
	}
	if d.over() || d.waits(s.Now()) {
		return nil // a repeated bell; the one that is meant comes by itself
	}
	secret, err := s.secrets.Of(ctx, p.Job.Owner)
	if err != nil {
		return err
	}
	body, err := bodyOf(p)
	if err != nil {
		return fmt.Errorf("webhook: job %s: %w", p.Job.ID, err)
	}
	d.URL = p.Job.Options.Webhook
	d.Attempts++
	now := s.Now()
	verdict := s.caller.call(ctx, d.URL, body, http.Header{
		"Content-Type":  {"application/json"},
		HeaderDelivery:  {d.ID},
		HeaderAttempt:   {strconv.Itoa(d.Attempts)},
		HeaderSignature: {Sign(body, now, secret.valid(now)...)},
	})
	return s.note(context.WithoutCancel(ctx), &p.Job, d, verdict)
}

// note stores what became of a try, and rings for the next one before: if this
// breaks off in between, one try too many is made, never one too few.
func (s *Service) note(ctx context.Context, j *job.Job, d Delivery, v verdict) error {
	ctx, cancel := context.WithTimeout(ctx, noteTime)
	defer cancel()
	now := s.Now().UTC()
	d.TriedAt, d.NextAt, d.Status, d.Error = now, time.Time{}, v.status, v.reason
	log := s.Log.With("job", j.ID, "delivery", d.ID, "attempt", d.Attempts, "status", d.Status)
	switch {
	case v.reason == "":
		d.DeliveredAt = now
		log.InfoContext(ctx, "webhook delivered")
		return s.settle(ctx, j, d)
	case v.final || d.Attempts >= MaxAttempts:
		d.GaveUpAt = now
		log.WarnContext(ctx, "webhook given up", "reason", d.Error)
	default:
		gap := gapAfter(d.Attempts, v.retryAfter)
		if err := ring(ctx, s.Bells, j, gap); err != nil {
			return err
		}
		d.NextAt = now.Add(gap)
		log.InfoContext(ctx, "webhook not delivered; it is tried again", "reason", d.Error, "next", d.NextAt)
	}
	return s.store(ctx, j, d)
}

// settle stores that a call arrived; what was asked for while it was under way is
// answered by that.
func (s *Service) settle(ctx context.Context, j *job.Job, d Delivery) error {
	if _, asked, err := withRequest(ctx, s.Records, j, d); err != nil {
		return err
	} else if asked {
		d.Again++
	}
	return s.store(ctx, j, d)
}

const noteTime = 10 * time.Second

// ring rings the bell that has a job announced, after a delay.
func ring(ctx context.Context, bells queue.Sender, j *job.Job, delay time.Duration) error {
	bell := job.Bell{Ref: job.Ref{Job: j.ID}, Kind: job.BellWebhook}
	err := bells.Send(ctx, []queue.Outgoing{{Body: bell.Encode(), Group: bell.Group(), Delay: delay}})
	if err != nil {
		return fmt.Errorf("webhook: ringing for %s: %w", j.ID, err)
	}
	return nil
}
