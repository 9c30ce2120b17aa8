package export

import (
	"bufio"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"
)

// sheetRows is the number of rows a sheet can have (as Excel reads ECMA-376).
var sheetRows = excelize.TotalRows

// xlsxTable writes a workbook through a temporary file. Texts are stored as
// strings, so that nothing is taken for a formula. When a sheet is full the next
// one begins.
type xlsxTable struct {
	w      *bufio.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	name   string
	fields []string
	sheets int
	rows   int // of this sheet, its heading included
	limit  int
	cells  []any
}

func newXLSX(w *bufio.Writer, name string, fields []string) (*xlsxTable, error) {
	t := &xlsxTable{w: w, file: excelize.NewFile(), name: name, fields: fields, limit: sheetRows}
	if err := t.sheet(); err != nil {
		_ = t.file.Close()
		return nil, err
	}
	return t, nil
}

// sheet ends the sheet before and begins the next.
func (t *xlsxTable) sheet() error {
	t.sheets++
	name := t.name
	if t.sheets == 1 {
		if err := t.file.SetSheetName("Sheet1", name); err != nil {
			return fmt.Errorf("xlsx: %w", err)
		}
	} else {
		if err := t.stream.Flush(); err != nil {
			return fmt.Errorf("xlsx: %w", err)
		}
		name = fmt.Sprintf("%s %d", t.name, t.sheets)
		if _, err := t.file.NewSheet(name); err != nil {
			return fmt.Errorf("xlsx: %w", err)
		}
	}
	var err error
	if t.stream, err = t.file.NewStreamWriter(name); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	if err := t.stream.SetColWidth(1, 2, 42); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	if err := t.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	heading := make([]any, len(t.fields))
	for i, f := range t.fields {
		heading[i] = f
	}
	t.rows = 1
	if err := t.stream.SetRow("A1", heading); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	return nil
}

func (t *xlsxTable) text(s string)     { t.cells = append(t.cells, s) }
func (t *xlsxTable) number(n float64)  { t.cells = append(t.cells, n) }
func (t *xlsxTable) count(n int)       { t.cells = append(t.cells, n) }
func (t *xlsxTable) truth(b bool)      { t.cells = append(t.cells, b) }
func (t *xlsxTable) time(at time.Time) { t.cells = append(t.cells, formatTime(at)) }

func (t *xlsxTable) end() error {
	if t.rows == t.limit {
		if err := t.sheet(); err != nil {
			return err
		}
	}
	t.rows++
	err := t.stream.SetRow(fmt.Sprintf("A%d", t.rows), t.cells)
	t.cells = t.cells[:0]
	return err
}

// close writes the workbook.
func (t *xlsxTable) close() error {
	if err := t.stream.Flush(); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	if err := t.file.Write(t.w); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	return nil
}

// discard removes the temporary file.
func (t *xlsxTable) discard() { _ = t.file.Close() }
