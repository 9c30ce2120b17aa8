package dynamostore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gleaner/shared/job"
)

// Attributes of a chunk.
const (
	attrLines      = "ln"
	attrRejected   = "rj"
	attrDuplicates = "dp"
)

// inlineChunk is how many bytes of a chunk's targets stay in its item: as it is
// never rewritten, only the limit of an item bounds them.
const inlineChunk = partSize

// PutChunk implements job.JobStore.
func (s *Store) PutChunk(ctx context.Context, id job.ID, c job.Chunk) error {
	data, err := job.EncodeTargets(c.Targets)
	if err != nil {
		return fmt.Errorf("chunk %d of job %s: %w", c.Number, id, err)
	}
	_, expires, err := s.standing(ctx, id)
	if err != nil {
		return fmt.Errorf("chunk %d of job %s: %w", c.Number, id, err)
	}
	it := key(chunkPartition(id, c.Number), chunkSortKey(c.Number))
	targets, parts := cutBlob(data, inlineChunk, it, partTargets, expires)
	if err := s.writeAll(ctx, parts); err != nil {
		return fmt.Errorf("chunk %d of job %s: %w", c.Number, id, err)
	}
	targets.store(it, attrTargets)
	it[attrLines] = number(c.Lines)
	it.setNumber(attrRejected, int64(c.Rejected))
	it.setNumber(attrDuplicates, int64(c.Duplicates))
	it.setNumber(attrTTL, expires)
	if err := s.put(ctx, it, "", nil); err != nil {
		return fmt.Errorf("chunk %d of job %s: %w", c.Number, id, err)
	}
	return nil
}

// Chunks implements job.JobStore. Chunks lie on all shards in turns; each shard
// is read in order, a page at a time, and their heads are merged.
func (s *Store) Chunks(ctx context.Context, id job.ID, fn func(job.Chunk) error) error {
	shards := make([]*chunkReader, id.Shards())
	for i := range shards {
		shards[i] = &chunkReader{
			store: s, more: true,
			query: query{pk: ShardPartition(id, i), from: chunkSort, to: chunkSort + "~"},
		}
	}
	err := each(ctx, len(shards), func(ctx context.Context, i int) error { return shards[i].advance(ctx) })
	for err == nil {
		var first *chunkReader
		for _, r := range shards {
			if r.chunk != nil && (first == nil || r.chunk.Number < first.chunk.Number) {
				first = r
			}
		}
		if first == nil {
			return nil
		}
		if err := fn(*first.chunk); err != nil {
			return err
		}
		err = first.advance(ctx)
	}
	return fmt.Errorf("chunks of job %s: %w", id, err)
}

// chunkReader reads one shard's chunks in ascending order.
type chunkReader struct {
	store *Store
	query query
	page  []item // read and not yet used
	more  bool   // pages follow
	chunk *job.Chunk
}

// advance reads the next chunk; it is nil at the end.
func (r *chunkReader) advance(ctx context.Context) error {
	r.chunk = nil
	// Everything of a chunk must be there: up to the next one or to the end.
	end := r.nextHead(1)
	for end == len(r.page) && r.more {
		page, more, err := r.store.run(ctx, r.query)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			r.query.from = after(page[len(page)-1].text(attrSK))
		}
		r.page, r.more = append(r.page, page...), more
		end = r.nextHead(1)
	}
	if len(r.page) == 0 {
		return nil
	}
	head, following := r.page[0], r.page[1:end]
	r.page = r.page[end:]
	sk := head.text(attrSK)
	n, err := strconv.Atoi(strings.TrimPrefix(sk, chunkSort))
	if err != nil {
		return fmt.Errorf("chunk %s: %w", sk, err)
	}
	data, err := loadBlob(head, attrTargets).join(sk, partTargets, following)
	if err != nil {
		return err
	}
	r.chunk = &job.Chunk{
		Number:     n,
		Lines:      int(head.number(attrLines)),
		Rejected:   int(head.number(attrRejected)),
		Duplicates: int(head.number(attrDuplicates)),
	}
	r.chunk.Targets, err = job.DecodeTargets(data)
	return err
}

// nextHead is the index of the first item from n on that is no part, or the
// number of items.
func (r *chunkReader) nextHead(n int) int {
	for n < len(r.page) && !isChunk(r.page[n]) {
		n++
	}
	return min(n, len(r.page))
}

// isChunk tells a chunk from its parts.
func isChunk(it item) bool {
	_, ok := it[attrLines]
	return ok
}
