package eventsource

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// Schedule invokes a function at once and then every Interval, as an EventBridge
// rule does, one invocation at a time.
type Schedule struct {
	Name     string
	Interval time.Duration
	Timeout  time.Duration
	Function func(context.Context) error
	Log      *slog.Logger
}

// Run invokes until ctx ends and returns nil.
func (s *Schedule) Run(ctx context.Context) error {
	tick := time.NewTicker(s.Interval)
	defer tick.Stop()
	for {
		call, cancel := context.WithTimeout(ctx, s.Timeout)
		if err := s.call(call); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "scheduled function failed", "function", s.Name, "error", err)
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// call contains a function's panic, which on AWS would end its own sandbox only.
func (s *Schedule) call(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("eventsource: function panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return s.Function(ctx)
}
