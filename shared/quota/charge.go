package quota

import "time"

// Charge is what a request takes of its owner's quota.
type Charge struct {
	URLs   int  // handed in
	Starts bool // a job would run that did not run before
	// Request tells the request from all others of its owner but its own
	// repetitions, which cost nothing; empty if it is always a new one.
	Request string
}

// ExceededError refuses what is beyond an owner's quota.
type ExceededError struct {
	Reason     string
	RetryAfter time.Duration
}

// Error implements error.
func (e *ExceededError) Error() string { return e.Reason }
