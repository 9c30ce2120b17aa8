//go:build !race

package crawl_test

const (
	raceEnabled = false
	heavyHosts  = 50
)
