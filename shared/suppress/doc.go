// Package suppress keeps lists of sites and addresses that are left alone: what
// an owner entered for its own jobs, and a global list that holds for everybody.
// A crawl asks the list before it fetches anything and before it stores anything.
package suppress
