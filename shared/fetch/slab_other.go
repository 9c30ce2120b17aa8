//go:build !unix

package fetch

func newSlab(size int) []byte { return make([]byte, size) }

func restSlab([]byte) {}
