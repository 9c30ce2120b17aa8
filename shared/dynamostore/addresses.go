package dynamostore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gleaner/shared/job"
)

// attrOwner is the batch that a name belongs to.
const attrOwner = "b"

// plainAddress is how many bytes of JSON an address is kept as; a longer one
// (with many sources) is compressed, to stay within the fewest write units.
const plainAddress = 700

// PutAddresses implements job.AddressStore. Each address is one conditional
// write; they go in parallel.
func (s *Store) PutAddresses(ctx context.Context, r job.Ref, addresses []job.Address, expires time.Time) ([]bool, error) {
	mine := make([]bool, len(addresses))
	err := each(ctx, len(addresses), func(ctx context.Context, i int) error {
		it := key(ShardPartition(r.Job, r.Job.ShardOf(addresses[i].Email)), addressSort+addresses[i].Email)
		if err := writeAddress(it, &addresses[i]); err != nil {
			return err
		}
		var err error
		mine[i], err = s.own(ctx, it, r, expires)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("put addresses of %s: %w", r, err)
	}
	return mine, nil
}

// PutDomains implements job.AddressStore.
func (s *Store) PutDomains(ctx context.Context, r job.Ref, domains []string, expires time.Time) ([]bool, error) {
	mine := make([]bool, len(domains))
	err := each(ctx, len(domains), func(ctx context.Context, i int) error {
		it := key(ShardPartition(r.Job, r.Job.ShardOf(domains[i])), domainSort+domains[i])
		var err error
		mine[i], err = s.own(ctx, it, r, expires)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("put domains of %s: %w", r, err)
	}
	return mine, nil
}

// own stores a name unless another batch owns it, and says whether r does now.
func (s *Store) own(ctx context.Context, it item, r job.Ref, expires time.Time) (bool, error) {
	it[attrOwner] = text(string(r.Key))
	it.setNumber(attrTTL, ttl(expires))
	err := s.put(ctx, it, "attribute_not_exists(pk) OR b = :me", item{":me": it[attrOwner]})
	if _, other := refused(err); other {
		return false, nil
	}
	return err == nil, err
}

// AddressOwners implements job.AddressStore.
func (s *Store) AddressOwners(ctx context.Context, id job.ID, emails []string) (map[string]job.Key, error) {
	return s.owners(ctx, id, addressSort, emails)
}

// DomainOwners implements job.AddressStore.
func (s *Store) DomainOwners(ctx context.Context, id job.ID, domains []string) (map[string]job.Key, error) {
	return s.owners(ctx, id, domainSort, domains)
}

func (s *Store) owners(ctx context.Context, id job.ID, prefix string, names []string) (map[string]job.Key, error) {
	keys := make([]item, 0, len(names))
	asked := make(map[string]bool, len(names))
	for _, name := range names {
		if !asked[name] {
			asked[name] = true
			keys = append(keys, key(ShardPartition(id, id.ShardOf(name)), prefix+name))
		}
	}
	found, err := s.getAll(ctx, keys, "sk, b")
	if err != nil {
		return nil, fmt.Errorf("owners of %d names of job %s: %w", len(names), id, err)
	}
	owners := make(map[string]job.Key, len(found))
	for _, it := range found {
		owners[it.text(attrSK)[len(prefix):]] = job.Key(it.text(attrOwner))
	}
	return owners, nil
}

// Addresses implements job.AddressStore. The order is by shard, then by address.
func (s *Store) Addresses(ctx context.Context, id job.ID, f job.AddressFilter, cursor string, limit int) (job.Page[job.Address], error) {
	var page job.Page[job.Address]
	limit = pageLimit(limit)
	list := cursorOf("addresses", string(id))
	shard, last, err := shardPosition(list, cursor)
	if err != nil {
		return page, fmt.Errorf("addresses of job %s: %w", id, err)
	}
	read := 0
	for ; shard < id.Shards(); shard, last = shard+1, "" {
		q := query{pk: ShardPartition(id, shard), from: addressSort, to: addressSort + "\U0010FFFF"}
		if last != "" {
			q.from = after(addressSort + last)
		}
		for more := true; more; {
			q.limit = 0 // a filter lets few pass: read what a request gives
			if f == (job.AddressFilter{}) {
				q.limit = int32(limit - len(page.Items) + 1)
			}
			var items []item
			if items, more, err = s.run(ctx, q); err != nil {
				return page, fmt.Errorf("addresses of job %s: %w", id, err)
			}
			for _, it := range items {
				a, err := readAddress(it)
				if err != nil {
					return page, fmt.Errorf("addresses of job %s: %w", id, err)
				}
				if len(page.Items) == limit || read > pageBytes {
					// There is another one, and it is beyond this page.
					page.Next = list.at(strconv.Itoa(shard) + "#" + last)
					return page, nil
				}
				read += len(it.binary(attrData)) + len(it.text(attrSK))
				last = a.Email
				if f.Match(&a) {
					page.Items = append(page.Items, a)
				}
			}
			if len(items) > 0 {
				q.from = after(items[len(items)-1].text(attrSK))
			}
		}
	}
	return page, nil
}

func writeAddress(it item, a *job.Address) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("address %s: %w", a.Email, err)
	}
	if len(data) <= plainAddress {
		it[attrData] = binary(data)
		return nil
	}
	if data, err = job.EncodeResult(&job.Result{Addresses: []job.Address{*a}}); err != nil {
		return fmt.Errorf("address %s: %w", a.Email, err)
	}
	it[attrData] = binary(data)
	return nil
}

func readAddress(it item) (job.Address, error) {
	data := it.binary(attrData)
	if len(data) > 0 && data[0] != '{' {
		r, err := job.DecodeResult(data)
		if err == nil && len(r.Addresses) != 1 {
			err = job.ErrEncoding
		}
		if err != nil {
			return job.Address{}, fmt.Errorf("item %s: %w", it.text(attrSK), err)
		}
		return r.Addresses[0], nil
	}
	var a job.Address
	if err := json.Unmarshal(data, &a); err != nil {
		return job.Address{}, fmt.Errorf("item %s: %w", it.text(attrSK), err)
	}
	return a, nil
}
