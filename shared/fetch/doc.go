// Package fetch is a polite, guarded HTTP client for pages that strangers name.
//
// It has three parts. [Client] makes one request at a time: it never reaches a
// private network, bounds every size and every wait, and reads bodies into
// memory that is bounded for the whole process. [Hosts] is what the process
// knows about each host: how many requests run there, when the next may start,
// and whether the host asked for less. [Frontier] is the queue of one batch: a
// queue for every host, from which the next request is always for the host that
// has waited longest among those that may be asked now.
//
// Redirects are not followed here: each hop is a request of its own, which the
// caller puts through the frontier and its own checks like any other.
package fetch
