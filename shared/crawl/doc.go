// Package crawl is the use case of the worker: one batch of addresses in, one
// outcome for each out, with the e-mail addresses that were found.
//
// A [Crawler] lives as long as the process and keeps what is worth keeping
// between batches: connections, names, robots.txt files, what it knows of
// hosts. Each call of [Crawler.Crawl] has a frontier, a fixed pool of
// connections that takes its work from there, and a few goroutines that read
// what the connections bring, so that no connection waits for a page to be read.
//
// Where the decisions are: outcome.go maps every error and status to an outcome,
// retry.go says what is tried again and when, admit.go what may be fetched at
// all, stop.go how a batch ends early.
package crawl
