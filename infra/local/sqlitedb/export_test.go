package sqlitedb

// LogSize is the size of the write-ahead log in bytes.
func LogSize(d *DB) int64 { return d.logSize() }

// HardLimit sets the size of the log above which writers wait until it is
// emptied. Call it before the first write.
func HardLimit(d *DB, bytes int64) { d.hard = bytes }
