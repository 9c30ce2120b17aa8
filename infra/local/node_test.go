package local_test

import (
	"context"
	"log/slog"
	"testing"

	"gleaner/infra/local"
)

// A stop that comes while the node still takes over is a stop like any other.
func TestRunStoppedAtOnce(t *testing.T) {
	node, err := local.Open(t.Context(), local.Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := node.Run(ctx); err != nil {
		t.Errorf("a stopped node's Run = %v, want nil", err)
	}
}
