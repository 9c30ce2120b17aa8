package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gleaner/shared/job"
	"gleaner/shared/record"
)

const (
	// ConnectionTTL is how long a connection is remembered. API Gateway closes
	// each after two hours, and does not always say so.
	ConnectionTTL = 2*time.Hour + 10*time.Minute
	// MaxSubscriptions is how many jobs one connection may watch. Requests that
	// come at the same moment may exceed it by their number.
	MaxSubscriptions = 50
)

// Where the records are: all of one connection under its own partition, and all
// watchers of a job under the job's.
const (
	metaSort         = "META"
	connectionPrefix = "C#"
	watchersPrefix   = "W#"
	jobSort          = "J#"
)

const parallelDeletes = 16

// Subscriptions knows who is connected and who watches which job.
type Subscriptions struct {
	records record.Store
	now     func() time.Time
}

// NewSubscriptions returns Subscriptions kept in records.
func NewSubscriptions(records record.Store, opts ...Option) *Subscriptions {
	return &Subscriptions{records: records, now: apply(opts).now}
}

// Connection is an open connection.
type Connection struct {
	ID        string
	Owner     string
	ExpiresAt time.Time
	Jobs      []job.ID // what it watches
}

// Watches reports whether the connection is subscribed to a job.
func (c *Connection) Watches(id job.ID) bool { return slices.Contains(c.Jobs, id) }

type storedConnection struct {
	Owner     string    `json:"o"`
	ExpiresAt time.Time `json:"e"`
}

// Connect remembers a connection and its owner for ConnectionTTL.
func (s *Subscriptions) Connect(ctx context.Context, connection, owner string) error {
	expires := s.now().UTC().Add(ConnectionTTL).Truncate(time.Millisecond)
	value, err := json.Marshal(storedConnection{Owner: owner, ExpiresAt: expires})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	err = s.records.Put(ctx, record.Record{Partition: connectionPrefix + connection, Sort: metaSort, Value: value, Expires: expires})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// Connection returns a connection with what it watches, in one request; ErrGone
// if it is not known.
func (s *Subscriptions) Connection(ctx context.Context, connection string) (Connection, error) {
	c := Connection{ID: connection}
	found := false
	err := s.each(ctx, connectionPrefix+connection, "", func(r *record.Record) error {
		if id, ok := strings.CutPrefix(r.Sort, jobSort); ok {
			c.Jobs = append(c.Jobs, job.ID(id))
			return nil
		}
		var stored storedConnection
		if err := json.Unmarshal(r.Value, &stored); err != nil {
			return err
		}
		c.Owner, c.ExpiresAt, found = stored.Owner, stored.ExpiresAt, true
		return nil
	})
	if err != nil {
		return Connection{}, fmt.Errorf("connection %s: %w", connection, err)
	}
	if !found || !s.now().Before(c.ExpiresAt) {
		return Connection{}, fmt.Errorf("connection %s: %w", connection, ErrGone)
	}
	return c, nil
}

// Subscribe lets a connection watch a job for as long as it lasts. Whoever calls
// has checked that the job is its owner's. ErrLimit if it watches
// MaxSubscriptions others already; subscribing twice changes nothing.
func (s *Subscriptions) Subscribe(ctx context.Context, c Connection, id job.ID) error {
	if !c.Watches(id) && len(c.Jobs) >= MaxSubscriptions {
		return fmt.Errorf("connection %s: %w", c.ID, ErrLimit)
	}
	// Should only one of the two be stored, it is of no harm: see Drop.
	err := s.records.PutAll(ctx, []record.Record{
		{Partition: connectionPrefix + c.ID, Sort: jobSort + string(id), Expires: c.ExpiresAt},
		{Partition: watchersPrefix + string(id), Sort: c.ID, Expires: c.ExpiresAt},
	})
	if err != nil {
		return fmt.Errorf("subscribe %s to job %s: %w", c.ID, id, err)
	}
	return nil
}

// Unsubscribe ends a subscription. That there was none is no error.
func (s *Subscriptions) Unsubscribe(ctx context.Context, connection string, id job.ID) error {
	// In this order: should the second fail, Disconnect still finds the pair.
	if err := s.records.Delete(ctx, watchersPrefix+string(id), connection); err != nil {
		return fmt.Errorf("unsubscribe %s from job %s: %w", connection, id, err)
	}
	if err := s.records.Delete(ctx, connectionPrefix+connection, jobSort+string(id)); err != nil {
		return fmt.Errorf("unsubscribe %s from job %s: %w", connection, id, err)
	}
	return nil
}

// Subscribers lists the connections that watch a job, in one request for each
// 1,000 of them.
func (s *Subscriptions) Subscribers(ctx context.Context, id job.ID) ([]string, error) {
	var connections []string
	err := s.each(ctx, watchersPrefix+string(id), "", func(r *record.Record) error {
		connections = append(connections, r.Sort)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("subscribers of job %s: %w", id, err)
	}
	return connections, nil
}

// Disconnect forgets a connection and its subscriptions. It may be repeated.
func (s *Subscriptions) Disconnect(ctx context.Context, connection string) error {
	var jobs []job.ID
	err := s.each(ctx, connectionPrefix+connection, jobSort, func(r *record.Record) error {
		jobs = append(jobs, job.ID(strings.TrimPrefix(r.Sort, jobSort)))
		return nil
	})
	if err == nil {
		err = s.forget(ctx, connection, jobs)
	}
	if err != nil {
		return fmt.Errorf("disconnect %s: %w", connection, err)
	}
	return nil
}

// Drop forgets a connection found gone while posting to a watcher of a job: also
// where the connection's own record of the subscription is missing.
func (s *Subscriptions) Drop(ctx context.Context, connection string, id job.ID) error {
	return errors.Join(s.Unsubscribe(ctx, connection, id), s.Disconnect(ctx, connection))
}

func (s *Subscriptions) forget(ctx context.Context, connection string, jobs []job.ID) error {
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(parallelDeletes)
	for _, id := range jobs {
		g.Go(func() error { return s.Unsubscribe(each, connection, id) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.records.Delete(ctx, connectionPrefix+connection, metaSort) // last: a repeat begins at the start
}

// each calls fn with every record of a partition whose sort key begins with prefix.
func (s *Subscriptions) each(ctx context.Context, partition, prefix string, fn func(*record.Record) error) error {
	cursor := ""
	for {
		page, next, err := s.records.List(ctx, partition, prefix, cursor, 1000)
		if err != nil {
			return err
		}
		for i := range page {
			if err := fn(&page[i]); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}
