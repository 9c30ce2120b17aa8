package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// order tells the process that looks at a job what to ask for, and how often.
type order struct {
	Base string
	Path string
	Gap  time.Duration
	Jobs []byte // the body of a job to be created now and then; none if empty
}

// glance is one look: what a poll took and answered, what a request that asks for
// nothing took at the same time, and what the start of a job took, at some looks.
type glance struct {
	Took    time.Duration
	Nothing time.Duration
	Created time.Duration
	Answer  json.RawMessage
}

// createEvery is at how many looks one job is created.
const createEvery = 10

// errSeenEnough ends look.
var errSeenEnough = errors.New("seen enough")

// Look polls as it is told by one line of in and writes a line to out for each look.
// It ends with in or ctx.
func Look(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var o order
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	go endsWith(in, stop)
	s := &server{base: o.Base, client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}}
	defer s.client.CloseIdleConnections()
	enc := json.NewEncoder(out)
	for n := 0; ; n++ {
		seen, err := o.look(ctx, s, n%2 == 1)
		if err == nil && len(o.Jobs) > 0 && n%createEvery == createEvery-1 {
			began := time.Now()
			_, err = s.do(ctx, http.MethodPost, "/jobs", "application/json", o.Jobs, http.StatusAccepted)
			seen.Created = time.Since(began)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := enc.Encode(seen); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.Gap):
		}
	}
}

// look polls once and asks for nothing once, which of the two first as it is told:
// the first after a pause takes longer, whichever it is.
func (o *order) look(ctx context.Context, s *server, nothingFirst bool) (seen glance, err error) {
	nothing := func() error {
		began := time.Now()
		_, err := s.do(ctx, http.MethodGet, "/health", "", nil, http.StatusOK)
		seen.Nothing = time.Since(began)
		return err
	}
	if nothingFirst {
		if err := nothing(); err != nil {
			return seen, err
		}
	}
	began := time.Now()
	if seen.Answer, err = s.do(ctx, http.MethodGet, o.Path, "", nil, http.StatusOK); err != nil {
		return seen, err
	}
	seen.Took = time.Since(began)
	if !nothingFirst {
		err = nothing()
	}
	return seen, err
}

// look runs Look in a process of its own, so that neither it nor its requests wait
// for this one, and calls each with what it saw until that returns an error.
func (e *Env) look(ctx context.Context, o order, each func(glance) error) error {
	p, err := e.start(ctx, LookCommand)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	for lines := json.NewDecoder(p.out); ; {
		var seen glance
		if err := lines.Decode(&seen); err != nil {
			return fmt.Errorf("look: the process that looks ended: %w", err)
		}
		if err := each(seen); errors.Is(err, errSeenEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
