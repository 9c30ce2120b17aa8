package dynamostore

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Attributes of every item. Names are short: they are billed with each item.
const (
	attrPK  = "pk"
	attrSK  = "sk"
	attrTTL = "ttl" // Unix seconds, as DynamoDB's time to live wants them

	attrDue         = "due" // Unix nanoseconds; only on batches that are open and not held
	attrStatusIndex = "ist" // a job's status, or deletedIndex; only on job items
	attrStatusOrder = "iso" // the job's ID, or when it was deleted
)

// item is what the SDK calls an item: attribute names and values.
type item map[string]types.AttributeValue

func key(pk, sk string) item { return item{attrPK: text(pk), attrSK: text(sk)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

func binary(b []byte) types.AttributeValue {
	if b == nil {
		b = []byte{}
	}
	return &types.AttributeValueMemberB{Value: b}
}

// nanos is how a point in time is stored, to the nanosecond.
func nanos(t time.Time) types.AttributeValue { return number(t.UnixNano()) }

// Setters that leave out what is zero: an attribute that is not there costs nothing.

func (it item) setText(name, s string) {
	if s != "" {
		it[name] = text(s)
	}
}

func (it item) setNumber(name string, n int64) {
	if n != 0 {
		it[name] = number(n)
	}
}

func (it item) setTime(name string, t time.Time) {
	if !t.IsZero() {
		it[name] = nanos(t)
	}
}

func (it item) setFlag(name string, on bool) {
	if on {
		it[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// ttl is the value of attrTTL for retention that ends at expires, 0 for none. It
// rounds up: nothing is dropped before its time.
func ttl(expires time.Time) int64 {
	if expires.IsZero() {
		return 0
	}
	return expires.Add(time.Second - time.Nanosecond).Unix()
}

// Getters give the zero value for what is not there.

func (it item) text(name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (it item) number(name string) int64 {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64) // only this package writes it
		return n
	}
	return 0
}

func (it item) binary(name string) []byte {
	if v, ok := it[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func (it item) flag(name string) bool {
	v, ok := it[name].(*types.AttributeValueMemberBOOL)
	return ok && v.Value
}

func (it item) time(name string) time.Time {
	n := it.number(name)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
