package robots_test

import (
	"testing"

	"gleaner/shared/robots"
)

// restored is what comes back of a file that went through the store.
func restored(t *testing.T, f *robots.File) *robots.File {
	t.Helper()
	data, err := f.MarshalBinary()
	if err != nil {
		t.Fatalf("MarshalBinary: %v", err)
	}
	var out robots.File
	if err := out.UnmarshalBinary(data); err != nil {
		t.Fatalf("UnmarshalBinary: %v", err)
	}
	return &out
}
