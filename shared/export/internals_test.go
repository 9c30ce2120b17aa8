package export

// SetSheetRows makes sheets shorter until the function returned is called.
func SetSheetRows(n int) (undo func()) {
	before := sheetRows
	sheetRows = n
	return func() { sheetRows = before }
}
