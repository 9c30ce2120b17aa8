package dynamostore

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"gleaner/shared/job"
)

// list names a list that is read page by page; its cursors fit no other.
type list struct{ mark string }

func cursorOf(names ...string) list {
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	return list{string(sum[:6])}
}

// at is the cursor of the page that follows position.
func (l list) at(position string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(l.mark + position))
}

// parse returns the position of a cursor, empty for the list's beginning;
// job.ErrCursor for one that is not of this list.
func (l list) parse(cursor string) (position string, err error) {
	if cursor == "" {
		return "", nil
	}
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", job.ErrCursor
	}
	position, ok := strings.CutPrefix(string(data), l.mark)
	if !ok || position == "" {
		return "", job.ErrCursor
	}
	return position, nil
}

// after is the smallest sort key greater than sk; for an empty one, the smallest
// of all.
func after(sk string) string {
	if sk == "" {
		return " " // keys are printable
	}
	return sk + "\x00"
}

// pageLimit keeps a page's limit within 1 and job.MaxPage.
func pageLimit(limit int) int { return max(1, min(limit, job.MaxPage)) }
