package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// ndjsonTable writes one JSON object (RFC 8259) a line, each with all fields.
type ndjsonTable struct {
	w      *bufio.Writer
	line   bytes.Buffer
	enc    *json.Encoder
	fields [][]byte // `"name":`
	at     int
}

func newNDJSON(w *bufio.Writer, fields []string) *ndjsonTable {
	t := &ndjsonTable{w: w}
	t.enc = json.NewEncoder(&t.line)
	t.enc.SetEscapeHTML(false)
	for _, f := range fields {
		t.fields = append(t.fields, []byte(strconv.Quote(f)+":"))
	}
	t.line.WriteByte('{')
	return t
}

func (t *ndjsonTable) name() {
	if t.at > 0 {
		t.line.WriteByte(',')
	}
	t.line.Write(t.fields[t.at])
	t.at++
}

func (t *ndjsonTable) text(s string) {
	t.name()
	if plain(s) {
		t.line.WriteByte('"')
		t.line.WriteString(s)
		t.line.WriteByte('"')
		return
	}
	_ = t.enc.Encode(s)               // a string always encodes
	t.line.Truncate(t.line.Len() - 1) // the encoder's line feed
}

// plain reports whether s can stand between quotes as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (t *ndjsonTable) number(n float64) {
	t.name()
	t.line.Write(strconv.AppendFloat(t.line.AvailableBuffer(), n, 'f', -1, 64))
}

func (t *ndjsonTable) count(n int) {
	t.name()
	t.line.Write(strconv.AppendInt(t.line.AvailableBuffer(), int64(n), 10))
}

func (t *ndjsonTable) truth(b bool) {
	t.name()
	t.line.Write(strconv.AppendBool(t.line.AvailableBuffer(), b))
}

func (t *ndjsonTable) time(at time.Time) {
	t.name()
	if at.IsZero() {
		t.line.WriteString("null")
		return
	}
	t.line.WriteByte('"')
	t.line.Write(at.UTC().AppendFormat(t.line.AvailableBuffer(), time.RFC3339))
	t.line.WriteByte('"')
}

func (t *ndjsonTable) end() error {
	t.line.WriteString("}\n")
	_, err := t.w.Write(t.line.Bytes())
	t.line.Reset()
	t.line.WriteByte('{')
	t.at = 0
	return err
}

func (t *ndjsonTable) close() error { return nil }

func (t *ndjsonTable) discard() {}
