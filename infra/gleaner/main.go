// Command gleaner finds the contact e-mail addresses that web sites publish: as
// a server with a dashboard, and as a tool in the terminal.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is set when a release is built.
var version = "dev"

// Exit codes.
const (
	exitError       = 1   // the command could not do its work
	exitSomeFailed  = 2   // it did, but some URLs could not be visited
	exitInterrupted = 130 // stopped by Ctrl-C
)

// codeError carries an exit code that is not an error to report.
type codeError struct {
	code int
	text string
}

func (e *codeError) Error() string { return e.text }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	code, text := status(newRoot(os.Getenv).ExecuteContext(ctx))
	if text != "" {
		fmt.Fprintln(os.Stderr, "gleaner: "+text)
	}
	return code
}

// status is the exit code that an error deserves, and what to say about it.
func status(err error) (code int, text string) {
	var c *codeError
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &c):
		return c.code, c.text
	default:
		return exitError, err.Error()
	}
}
