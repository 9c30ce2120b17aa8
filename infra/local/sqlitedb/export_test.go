package sqlitedb

// LogSize is the size of the write-ahead log in bytes.
func LogSize(d *DB) int64 { return d.logSize() }
