package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"gleaner/shared/job"
)

// deletedIndex stands in the status index for the status of deleted jobs.
const deletedIndex = "DELETED"

// statusOrder is a job's place in the status index: among those of its status
// by age, or among the deleted ones by when.
func statusOrder(j *job.Job) (index, order types.AttributeValue) {
	if j.DeletedAt.IsZero() {
		return text(string(j.Status)), text(string(j.ID))
	}
	return text(deletedIndex), text(deletedOrder(j.DeletedAt) + string(j.ID))
}

func deletedOrder(t time.Time) string { return fmt.Sprintf("%020d#", t.UnixNano()) }

// Jobs implements job.JobStore. It reads the owner's list, not an index, so a
// job is in it from the moment it is created.
func (s *Store) Jobs(ctx context.Context, owner string, f job.JobFilter, cursor string, limit int) (job.Page[job.Job], error) {
	limit = pageLimit(limit)
	list := cursorOf("jobs", owner)
	last, err := list.parse(cursor)
	if err != nil {
		return job.Page[job.Job]{}, fmt.Errorf("jobs of %s: %w", owner, err)
	}
	q := query{pk: ownerPartition(owner), from: " ", to: "~", attributes: "sk", backwards: true}
	if last != "" {
		q.to = last
	}
	var page job.Page[job.Job]
	for more := true; more; {
		q.limit = int32(min(limit+2, maxGet))
		var listed []item
		if listed, more, err = s.run(ctx, q); err != nil {
			return page, fmt.Errorf("jobs of %s: %w", owner, err)
		}
		var ids []job.ID
		for _, it := range listed {
			if sk := it.text(attrSK); sk != last { // the bound itself is included
				ids = append(ids, job.ID(sk))
			}
		}
		jobs, err := s.jobs(ctx, ids)
		if err != nil {
			return page, fmt.Errorf("jobs of %s: %w", owner, err)
		}
		for i := range jobs {
			if !jobs[i].DeletedAt.IsZero() || !f.Match(&jobs[i]) {
				continue
			}
			if len(page.Items) == limit {
				page.Next = list.at(string(page.Items[limit-1].ID))
				return page, nil
			}
			page.Items = append(page.Items, jobs[i])
		}
		if len(ids) > 0 {
			last = string(ids[len(ids)-1])
			q.to = last
		}
	}
	return page, nil
}

// JobsByStatus implements job.JobStore.
func (s *Store) JobsByStatus(ctx context.Context, status job.Status, cursor string, limit int) (job.Page[job.Job], error) {
	limit = pageLimit(limit)
	list := cursorOf("status", string(status))
	last, err := list.parse(cursor)
	if err != nil {
		return job.Page[job.Job]{}, fmt.Errorf("jobs %s: %w", status, err)
	}
	var page job.Page[job.Job]
	for more := true; more; {
		var entries []item
		entries, more, err = s.statusIndex(ctx, string(status), after(last), "~", min(limit+1, maxGet))
		if err != nil {
			return page, fmt.Errorf("jobs %s: %w", status, err)
		}
		ids := indexedIDs(entries)
		jobs, err := s.jobs(ctx, ids)
		if err != nil {
			return page, fmt.Errorf("jobs %s: %w", status, err)
		}
		for i := range jobs {
			// The index lags behind: what the job says of itself decides.
			if jobs[i].Status != status || !jobs[i].DeletedAt.IsZero() {
				continue
			}
			if len(page.Items) == limit {
				page.Next = list.at(string(page.Items[limit-1].ID))
				return page, nil
			}
			page.Items = append(page.Items, jobs[i])
		}
		if len(ids) > 0 {
			last = string(ids[len(ids)-1])
		}
	}
	return page, nil
}

// DeletedJobs implements job.JobStore. Jobs whose retention ended are dropped by
// the table's time to live and are not listed.
func (s *Store) DeletedJobs(ctx context.Context, before time.Time, limit int) ([]job.ID, error) {
	limit = pageLimit(limit)
	var ids []job.ID
	from := " "
	for more := true; more && len(ids) < limit; {
		var entries []item
		var err error
		entries, more, err = s.statusIndex(ctx, deletedIndex, from, deletedOrder(before), limit-len(ids))
		if err != nil {
			return nil, fmt.Errorf("deleted jobs: %w", err)
		}
		ids = append(ids, indexedIDs(entries)...)
		if len(entries) > 0 {
			from = after(entries[len(entries)-1].text(attrStatusOrder))
		}
	}
	return ids, nil
}

// statusIndex reads one page of the status index.
func (s *Store) statusIndex(ctx context.Context, index, from, to string, limit int) ([]item, bool, error) {
	return s.query(ctx, &dynamodb.QueryInput{
		TableName:                 s.table,
		IndexName:                 aws.String(IndexStatus),
		KeyConditionExpression:    aws.String("ist = :i AND iso BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":i": text(index), ":a": text(from), ":z": text(to)},
		Limit:                     aws.Int32(int32(limit)),
		ReturnConsumedCapacity:    s.report,
	})
}

func indexedIDs(entries []item) []job.ID {
	ids := make([]job.ID, len(entries))
	for i, it := range entries {
		ids[i] = job.ID(strings.TrimPrefix(it.text(attrPK), JobPrefix))
	}
	return ids
}

// jobs reads jobs in the order of their ids, those that are there.
func (s *Store) jobs(ctx context.Context, ids []job.ID) ([]job.Job, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]item, len(ids))
	place := make(map[job.ID]int, len(ids))
	for i, id := range ids {
		keys[i] = metaKey(id)
		place[id] = i
	}
	found, err := s.getAll(ctx, keys, "")
	if err != nil {
		return nil, err
	}
	jobs := make([]job.Job, len(found))
	for i, it := range found {
		if jobs[i], err = readJob(it); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(jobs, func(a, b job.Job) int { return place[a.ID] - place[b.ID] })
	return jobs, nil
}
