package export

import (
	"bufio"
	"strconv"
	"strings"
	"time"
)

// csvTable writes RFC 4180 with line feeds. Cells that a spreadsheet would take
// for a formula are prefixed with a quote, as OWASP advises ("CSV Injection").
type csvTable struct {
	w    *bufio.Writer
	line []byte
}

func newCSV(w *bufio.Writer, fields []string) *csvTable {
	t := &csvTable{w: w}
	for _, f := range fields {
		t.text(f)
	}
	_ = t.end() // the writer keeps its first error for Flush
	return t
}

func (t *csvTable) text(s string) {
	guard := ""
	if isFormula(s) {
		guard = "'"
	}
	if !strings.ContainsAny(s, ",\"\r\n") && !strings.HasPrefix(s, " ") {
		t.line = append(append(append(t.line, guard...), s...), ',')
		return
	}
	t.line = append(append(t.line, '"'), guard...)
	t.line = append(t.line, strings.ReplaceAll(s, `"`, `""`)...)
	t.line = append(t.line, '"', ',')
}

// isFormula reports whether a spreadsheet may run the cell: it begins with one of
// = + - @, tab, carriage return or line feed, or a full-width form of the signs.
func isFormula(s string) bool {
	if s == "" {
		return false
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return true
	case 0xEF:
		for _, sign := range []string{"＝", "＋", "－", "＠"} {
			if strings.HasPrefix(s, sign) {
				return true
			}
		}
	}
	return false
}

func (t *csvTable) number(n float64) {
	t.line = append(strconv.AppendFloat(t.line, n, 'f', -1, 64), ',')
}

func (t *csvTable) count(n int) {
	t.line = append(strconv.AppendInt(t.line, int64(n), 10), ',')
}

func (t *csvTable) truth(b bool) {
	t.line = append(strconv.AppendBool(t.line, b), ',')
}

func (t *csvTable) time(at time.Time) {
	if !at.IsZero() {
		t.line = at.UTC().AppendFormat(t.line, time.RFC3339)
	}
	t.line = append(t.line, ',')
}

func (t *csvTable) end() error {
	t.line[len(t.line)-1] = '\n'
	_, err := t.w.Write(t.line)
	t.line = t.line[:0]
	return err
}

func (t *csvTable) close() error { return nil }

func (t *csvTable) discard() {}
