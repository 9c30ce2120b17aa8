package dynamostore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attrData is the attribute that holds stored bytes.
const attrData = "d"

// partSize is how many bytes go into one part: an item takes 400 KB, keys and
// attribute names included.
const partSize = 400_000

// inlineTargets is how many bytes of targets are kept in a batch's head, which
// every step rewrites: more would bring heads near 1 KB, where a write unit ends.
const inlineTargets = 400

// blob is stored bytes: in the item that owns it, or in parts of their own.
type blob struct {
	inline []byte
	hash   string // of all of it, names its parts
	parts  int
}

// Kinds of parts, as they stand in sort keys.
const (
	partTargets = "#T#"
	partResult  = "#O#"
)

// cutBlob decides where data goes: up to inline bytes stay with the owner, more
// become items that are to be written before the owner is.
func cutBlob(data []byte, inline int, owner item, kind string, expires int64) (blob, []types.WriteRequest) {
	if len(data) <= inline {
		return blob{inline: data}, nil
	}
	sum := sha256.Sum256(data)
	b := blob{hash: hex.EncodeToString(sum[:8])}
	var writes []types.WriteRequest
	for len(data) > 0 {
		n := min(partSize, len(data))
		part := key(owner.text(attrPK), partKey(owner.text(attrSK), kind, b.hash, b.parts))
		part[attrData] = binary(data[:n])
		part.setNumber(attrTTL, expires)
		writes = append(writes, putRequest(part))
		data = data[n:]
		b.parts++
	}
	return b, writes
}

func partKey(owner, kind, hash string, n int) string {
	return owner + kind + hash + "#" + fmt.Sprintf("%04d", n)
}

// store notes in the owner where the blob is, under the attribute name.
func (b blob) store(it item, name string) {
	switch {
	case b.parts > 0:
		it[name] = text(b.hash + "#" + strconv.Itoa(b.parts))
	case b.inline != nil:
		it[name] = binary(b.inline)
	}
}

// loadBlob reads what store noted.
func loadBlob(it item, name string) blob {
	if hash, parts, ok := strings.Cut(it.text(name), "#"); ok {
		n, _ := strconv.Atoi(parts) // only this package writes it
		return blob{hash: hash, parts: n}
	}
	return blob{inline: it.binary(name)}
}

func (b blob) empty() bool { return b.inline == nil && b.parts == 0 }

// join puts the blob together from the items that follow its owner.
func (b blob) join(owner, kind string, following []item) ([]byte, error) {
	if b.parts == 0 {
		return b.inline, nil
	}
	prefix := owner + kind + b.hash + "#"
	var data []byte
	n := 0
	for _, it := range following {
		if !strings.HasPrefix(it.text(attrSK), prefix) {
			continue
		}
		if it.text(attrSK) != partKey(owner, kind, b.hash, n) {
			break
		}
		if data == nil && b.parts == 1 {
			return it.binary(attrData), nil
		}
		data = append(data, it.binary(attrData)...)
		n++
	}
	if n != b.parts {
		return nil, fmt.Errorf("%s: %d of %d parts are there", prefix, n, b.parts)
	}
	return data, nil
}
