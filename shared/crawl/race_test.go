//go:build race

package crawl_test

// The race detector makes reading hundreds of megabytes take a minute.
const (
	raceEnabled = true
	heavyHosts  = 4
)
