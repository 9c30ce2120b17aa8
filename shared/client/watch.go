package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"gleaner/shared/job"
	"gleaner/shared/push"
)

// Watcher says how a job is watched. Show and State may be nil; they are called
// one after the other, never at the same time.
type Watcher struct {
	// Show is called with every new state of the job.
	Show func(job.Snapshot)
	// State is called when the way the news come changes; err is what the way
	// before it broke by, if anything.
	State func(way Way, err error)
	// Interval is the time between two polls; DefaultInterval if 0.
	Interval time.Duration
	// PollOnly leaves the WebSocket out.
	PollOnly bool
}

// Way is how news of a job come.
type Way string

// The ways.
const (
	Pushed  Way = "pushed"  // over a WebSocket
	Polled  Way = "polled"  // asked for every Interval
	Offline Way = "offline" // the server does not answer; it is asked on
)

// Times of watching.
const (
	DefaultInterval = 3 * time.Second

	quietTime  = 10 * time.Second // without a message, the state is asked for
	dialTime   = 10 * time.Second
	socketLow  = 5 * time.Second // between two tries to open a WebSocket
	socketHigh = time.Minute
)

// Watch follows a job until it has ended, and returns its last state. It goes on
// through every outage of the server; only ctx, and answers that will not change
// (401, 403, 404), end it early, with an error.
func (c *Client) Watch(ctx context.Context, id job.ID, w Watcher) (job.Snapshot, error) {
	if w.Interval <= 0 {
		w.Interval = DefaultInterval
	}
	f := &follower{client: c, id: id, Watcher: w}
	retry, gap := time.Now(), socketLow
	for {
		err := f.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return f.last, ctx.Err()
		case hopeless(err):
			return f.last, err
		case f.last.Status.Final() && err == nil:
			return f.last, nil
		case err != nil:
			f.state(Offline, err)
		}
		if err == nil && !f.PollOnly && !time.Now().Before(retry) {
			began := time.Now()
			err := f.socket(ctx)
			if ctx.Err() != nil {
				return f.last, ctx.Err()
			}
			if f.last.Status.Final() {
				continue // the poll confirms it
			}
			if time.Since(began) > socketHigh {
				gap = socketLow
			}
			retry, gap = time.Now().Add(gap), min(2*gap, socketHigh)
			f.state(Polled, err)
			continue
		}
		if err == nil {
			f.state(Polled, nil)
		}
		select {
		case <-ctx.Done():
			return f.last, ctx.Err()
		case <-time.After(w.Interval):
		}
	}
}

func hopeless(err error) bool {
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return false
}

// follower is one call of Watch.
type follower struct {
	Watcher
	client *Client
	id     job.ID
	last   job.Snapshot
	way    Way
}

func (f *follower) state(way Way, err error) {
	if f.way == way {
		return
	}
	f.way = way
	if f.State != nil {
		f.State(way, err)
	}
}

// take shows a snapshot, unless a newer one was shown already.
func (f *follower) take(s job.Snapshot) {
	if s.Version <= f.last.Version {
		return
	}
	f.last = s
	if f.Show != nil {
		f.Show(s)
	}
}

func (f *follower) poll(ctx context.Context) error {
	s, changed, err := f.client.Progress(ctx, f.id, f.last.Version)
	if err != nil {
		return err
	}
	if changed {
		f.take(s)
	}
	return nil
}

// socket takes what is pushed until the job has ended or the connection breaks.
// Since a message can be lost, the state is asked for when it is quiet for long.
func (f *follower) socket(ctx context.Context) error {
	conn, err := f.client.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(2 * push.MaxMessage)
	subscribe, err := json.Marshal(push.Request{Action: push.ActionSubscribe, Job: string(f.id)})
	if err != nil {
		return err
	}
	if err := conn.Write(ctx, websocket.MessageText, subscribe); err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	messages := make(chan push.Message)
	var broken error
	go func() {
		defer close(messages)
		broken = receive(reading, conn, messages)
	}()
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	for !f.last.Status.Final() {
		select {
		case m, open := <-messages:
			if !open {
				return broken
			}
			if err := f.message(m); err != nil {
				return err
			}
			quiet.Reset(quietTime)
		case <-quiet.C:
			if err := f.poll(ctx); err != nil {
				return err
			}
			quiet.Reset(quietTime)
		}
	}
	return conn.Close(websocket.StatusNormalClosure, "")
}

func (f *follower) message(m push.Message) error {
	switch {
	case m.Type == push.TypeError:
		return fmt.Errorf("the server's WebSocket answers %d: %s", m.Status, m.Detail)
	case m.Type == push.TypeSubscribed && m.Job == f.id:
		f.state(Pushed, nil)
	case m.Type == push.TypeProgress && m.Job == f.id && m.Progress != nil:
		f.state(Pushed, nil)
		f.take(*m.Progress)
	}
	return nil
}

func receive(ctx context.Context, conn *websocket.Conn, messages chan<- push.Message) error {
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("the WebSocket broke off: %w", err)
		}
		var m push.Message
		if json.Unmarshal(data, &m) != nil {
			continue // not ours: the front's own words
		}
		select {
		case messages <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// dial opens a WebSocket with a fresh ticket.
func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	var ticket struct {
		URL string `json:"url"`
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if err := c.call(ctx, request{method: http.MethodPost, path: "/tickets"}, &ticket); err != nil {
		return nil, err
	}
	if ticket.URL == "" {
		return nil, errors.New("the server names no WebSocket")
	}
	conn, res, err := websocket.Dial(ctx, ticket.URL, &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: http.Header{"User-Agent": {c.agent}}})
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("no WebSocket: %w", err)
	}
	return conn, nil
}
