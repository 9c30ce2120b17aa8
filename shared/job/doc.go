// Package job is Gleaner's domain: jobs, their batches and addresses, the state
// machine, the planner, and the contract of the store that keeps them.
//
// The table is the truth and the queue a doorbell: everything about a job is in
// the Store, and a queue message (a Bell) only says "have a look at this batch".
// A lost, doubled, late or poisoned message can therefore never lose a URL.
package job
