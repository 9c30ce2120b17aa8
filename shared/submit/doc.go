// Package submit takes lists of web addresses in: it reads them, says which
// lines are no addresses and why, plans the batches, stores them and rings the
// bells. A job it has answered for is durable; a request that broke off can be
// repeated with its idempotency key and goes on where it was.
package submit
