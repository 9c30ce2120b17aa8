package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"gleaner/shared/job"
)

// Server-sent events (WHATWG HTML, section 9.2).
const (
	eventEvery     = time.Second
	heartbeatEvery = 15 * time.Second
	eventWrite     = 10 * time.Second // a reader slower than this is let go
)

// events streams a job's progress until it is final. A client that has the final
// state already (Last-Event-ID) gets 204, which ends its reconnecting.
func (a *api) events(w http.ResponseWriter, r *http.Request, c *call) error {
	p, err := a.ownProgress(r.Context(), r, c)
	if err != nil {
		return err
	}
	last := int64(-1)
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			last = n
		}
	}
	if p.Job.Status.Final() && p.Version() == last {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	s := eventStream{w: w, control: http.NewResponseController(w)}
	if err := s.write("retry: 3000\n\n"); err != nil {
		return nil //nolint:nilerr // the reader is gone
	}
	c.fault = a.follow(r.Context(), &s, p, last)
	return nil
}

// follow writes an event whenever the version is another one.
func (a *api) follow(ctx context.Context, s *eventStream, p job.Progress, last int64) error {
	tick := time.NewTicker(eventEvery)
	defer tick.Stop()
	quiet := time.Now()
	for {
		if v := p.Version(); v != last {
			if s.event(v, a.snapshot(p)) != nil {
				return nil // the reader is gone
			}
			last, quiet = v, time.Now()
		} else if time.Since(quiet) >= heartbeatEvery {
			if s.write(": still here\n\n") != nil {
				return nil
			}
			quiet = time.Now()
		}
		if p.Job.Status.Final() || a.MaxResponse > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		next, err := a.Store.Progress(ctx, p.Job.ID)
		if err != nil {
			if ctx.Err() != nil || problemOf(err).Status == http.StatusNotFound {
				return nil
			}
			return err // the client reconnects
		}
		if p = next; !p.Job.DeletedAt.IsZero() {
			return nil
		}
	}
}

type eventStream struct {
	w       io.Writer
	control *http.ResponseController
}

func (s *eventStream) event(id int64, snapshot job.Snapshot) error {
	data, err := json.Marshal(snapshot)
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("event: progress\nid: %d\ndata: %s\n\n", id, data))
}

// write sends at once where the writer can; where it cannot, it streams anyway
// or buffers, and neither needs it.
func (s *eventStream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(eventWrite))
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	_ = s.control.Flush()
	return nil
}
