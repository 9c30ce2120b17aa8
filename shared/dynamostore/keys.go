package dynamostore

import (
	"fmt"
	"strconv"
	"strings"

	"gleaner/shared/job"
)

// Sort keys that a reader of the table's stream knows.
const (
	SortMeta = "META" // a job's item
	SortStat = "STAT" // one shard of a job's counters
)

// JobPrefix is what the partition keys of everything that belongs to a job begin
// with. A stream filter that lets through keys of this prefix with the sort keys
// SortMeta and SortStat sees each change of a job's progress and nothing else.
const JobPrefix = "J#"

// Prefixes of the other partitions and of the sort keys within a job's.
const (
	ownerPrefix       = "O#" // O#<owner> / <job id>: a job is in its owner's list
	idempotencyPrefix = "I#" // I#<owner>#<key> / META
	recordPrefix      = "R#" // R#<partition> / #<sort>

	batchSort   = "B#" // a batch's head; its parts follow as B#<key>#T#… and B#<key>#O#…
	addressSort = "E#"
	domainSort  = "N#"
	chunkSort   = "C#" // a chunk; what does not fit follows as C#<number>#T#…

	// afterParts follows all parts of a batch or chunk and precedes all others:
	// batch keys and numbers continue with letters and digits, which are smaller.
	afterParts = "#~"
)

// Kind says what an item is, as far as its keys tell.
type Kind int

// The kinds of items.
const (
	KindOther    Kind = iota // not a job's
	KindJob                  // the job item
	KindCounters             // one shard's counters
	KindBatch                // a batch or a part of one
	KindAddress
	KindDomain
	KindChunk
)

// Keys is what an item's keys say of it.
type Keys struct {
	Kind  Kind
	Job   job.ID // empty for KindOther
	Shard int    // 0 for KindJob
}

// JobPartition is the partition key of a job's own item. Its shards have their
// number appended.
func JobPartition(id job.ID) string { return JobPrefix + string(id) }

// ShardPartition is the partition key of one shard of a job: its counters,
// batches, chunks, addresses and domains.
func ShardPartition(id job.ID, shard int) string {
	return JobPrefix + string(id) + "#" + strconv.Itoa(shard)
}

// ParseKeys tells from the keys of an item, as they stand in a stream record,
// what changed and of which job. Items that are no job's, and keys that are not
// of this table, are KindOther.
func ParseKeys(pk, sk string) Keys {
	rest, ok := strings.CutPrefix(pk, JobPrefix)
	if !ok {
		return Keys{}
	}
	name, number, sharded := strings.Cut(rest, "#")
	id, err := job.ParseID(name)
	if err != nil {
		return Keys{}
	}
	if !sharded {
		if sk == SortMeta {
			return Keys{Kind: KindJob, Job: id}
		}
		return Keys{}
	}
	shard, err := strconv.Atoi(number)
	if err != nil || shard < 0 || shard >= id.Shards() || strconv.Itoa(shard) != number {
		return Keys{}
	}
	var kind Kind
	switch {
	case sk == SortStat:
		kind = KindCounters
	case strings.HasPrefix(sk, batchSort):
		kind = KindBatch
	case strings.HasPrefix(sk, addressSort):
		kind = KindAddress
	case strings.HasPrefix(sk, domainSort):
		kind = KindDomain
	case strings.HasPrefix(sk, chunkSort):
		kind = KindChunk
	default:
		return Keys{}
	}
	return Keys{Kind: kind, Job: id, Shard: shard}
}

func batchPartition(r job.Ref) string    { return ShardPartition(r.Job, r.Shard()) }
func batchKey(r job.Ref) item            { return key(batchPartition(r), batchSort+string(r.Key)) }
func statKey(id job.ID, shard int) item  { return key(ShardPartition(id, shard), SortStat) }
func metaKey(id job.ID) item             { return key(JobPartition(id), SortMeta) }
func ownerPartition(owner string) string { return ownerPrefix + owner }

// ownerKey is the key of a job's entry in its owner's list.
func ownerKey(owner string, id job.ID) item { return key(ownerPartition(owner), string(id)) }

// plain keeps the # of an owner's name apart from the one that follows it.
var plain = strings.NewReplacer("%", "%25", "#", "%23")

func idempotencyKey(owner, name string) item {
	return key(idempotencyPrefix+plain.Replace(owner)+"#"+name, SortMeta)
}

// Chunks are spread over the shards, so that a long list handed in quickly does
// not meet the limit of one partition.
func chunkPartition(id job.ID, number int) string {
	return ShardPartition(id, number%id.Shards())
}

func chunkSortKey(number int) string { return fmt.Sprintf("%s%08d", chunkSort, number) }
