// Package push is the contract of live updates over WebSockets: tickets that open
// a connection, subscriptions that say who watches which job, the messages, and
// the Publisher that sends them. Publishers pass the suite in pushtest.
//
// Nothing depends on a message arriving. A client that misses one is shown a
// newer one with the job's next change, and whoever subscribes is sent the current
// state at once. Snapshots carry the job's version: since several processes may
// publish at the same time, a client leaves out every snapshot whose version is
// below the one it shows.
package push

import (
	"context"
	"errors"
)

// MaxMessage is the largest message a Publisher takes, in bytes: one WebSocket
// frame of API Gateway.
const MaxMessage = 32 << 10

// Errors that callers decide on.
var (
	// ErrGone: the connection is closed, or never was.
	ErrGone = errors.New("connection is gone")
	// ErrTooLarge: the message is larger than MaxMessage.
	ErrTooLarge = errors.New("message is larger than 32 KiB")
	// ErrTicket: the ticket is unknown, was used, or ran out. Which of them is
	// nobody's business.
	ErrTicket = errors.New("ticket is not valid")
	// ErrLimit: the connection has as many subscriptions as it may have.
	ErrLimit = errors.New("too many subscriptions on this connection")
)

// Publisher sends messages to connected clients. It is safe for concurrent use.
type Publisher interface {
	// Post hands data, a text message, to the front that holds the connection. No
	// error means that it will be sent unless the connection breaks first.
	// Messages posted one after the other to a connection arrive in that order.
	// ErrGone if there is no such connection (any more); ErrTooLarge.
	Post(ctx context.Context, connection string, data []byte) error

	// Close closes a connection from this side, so that its client connects anew
	// and is sent the current state. That it was closed already is no error.
	Close(ctx context.Context, connection string) error
}
