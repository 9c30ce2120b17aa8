package sqlitestore

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
)

// A cursor is the key of the last item seen, behind a hash of the list it
// belongs to, so that one of another list or filter is refused.

func listHash(list ...any) uint64 {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(list) // strings, numbers and plain structs
	return h.Sum64()
}

func newCursor(hash uint64, last string) string {
	return base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, hash), last...))
}

// readCursor returns the key a cursor holds, "" for no cursor; refuse is the
// error for one that is not of this list.
func readCursor(cursor string, hash uint64, refuse error) (last string, err error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= 8 || binary.BigEndian.Uint64(raw) != hash {
		return "", fmt.Errorf("%w: %.64q", refuse, cursor)
	}
	return string(raw[8:]), nil
}
