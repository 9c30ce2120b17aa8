package dynamostore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gleaner/shared/dynamostore"
	"gleaner/shared/job"
)

func TestParseKeys(t *testing.T) {
	id := job.NewID(time.Now(), 8)
	shard := func(n int) string { return dynamostore.ShardPartition(id, n) }
	for _, test := range []struct {
		pk, sk string
		want   dynamostore.Keys
	}{
		{dynamostore.JobPartition(id), "META", dynamostore.Keys{Kind: dynamostore.KindJob, Job: id}},
		{shard(0), "STAT", dynamostore.Keys{Kind: dynamostore.KindCounters, Job: id}},
		{shard(7), "STAT", dynamostore.Keys{Kind: dynamostore.KindCounters, Job: id, Shard: 7}},
		{shard(7), "B#000007", dynamostore.Keys{Kind: dynamostore.KindBatch, Job: id, Shard: 7}},
		{shard(7), "B#000007#O#0123456789abcdef#0000", dynamostore.Keys{Kind: dynamostore.KindBatch, Job: id, Shard: 7}},
		{shard(1), "E#anna@tischlerei-oehlert.de", dynamostore.Keys{Kind: dynamostore.KindAddress, Job: id, Shard: 1}},
		{shard(1), "N#tischlerei-oehlert.de", dynamostore.Keys{Kind: dynamostore.KindDomain, Job: id, Shard: 1}},
		{shard(1), "C#00000009", dynamostore.Keys{Kind: dynamostore.KindChunk, Job: id, Shard: 1}},
		{shard(8), "STAT", dynamostore.Keys{}}, // the job has eight shards
		{shard(1) + "#", "STAT", dynamostore.Keys{}},
		{dynamostore.JobPartition(id) + "#+1", "STAT", dynamostore.Keys{}},
		{dynamostore.JobPartition(id), "STAT", dynamostore.Keys{}},
		{shard(1), "META", dynamostore.Keys{}},
		{"J#nonsense", "META", dynamostore.Keys{}},
		{"I#anna#key", "META", dynamostore.Keys{}},
		{"R#META", "#META", dynamostore.Keys{}},
		{"O#anna", string(id), dynamostore.Keys{}},
		{"", "", dynamostore.Keys{}},
	} {
		if diff := cmp.Diff(test.want, dynamostore.ParseKeys(test.pk, test.sk)); diff != "" {
			t.Errorf("%s / %s (-want +got)\n%s", test.pk, test.sk, diff)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	id := job.NewID(time.Now(), 32)
	f.Add(dynamostore.JobPartition(id), "META")
	f.Add(dynamostore.ShardPartition(id, 31), "STAT")
	f.Fuzz(func(t *testing.T, pk, sk string) {
		k := dynamostore.ParseKeys(pk, sk)
		switch k.Kind {
		case dynamostore.KindOther:
			if k != (dynamostore.Keys{}) {
				t.Errorf("other, but %+v", k)
			}
		case dynamostore.KindJob:
			if pk != dynamostore.JobPartition(k.Job) {
				t.Errorf("%q is not the partition of %+v", pk, k)
			}
		default:
			if pk != dynamostore.ShardPartition(k.Job, k.Shard) {
				t.Errorf("%q is not the partition of %+v", pk, k)
			}
		}
	})
}
