//go:build race

package aws

// raced says that the race detector slows everything down.
const raced = true
