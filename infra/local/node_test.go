package local_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/job"
	"gleaner/shared/submit"
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

// A node goes on at once with what a process left that died over a plan, and
// whose bell is still its own for minutes.
func TestTakeOverOfAPlan(t *testing.T) {
	ctx := t.Context()
	cfg := local.Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	dead, err := local.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, err := dead.Submit.Create(ctx, submit.Request{Owner: "anna", Open: true})
	if err == nil { // no network is asked: private addresses are refused
		_, err = dead.Submit.Append(ctx, "anna", a.Job.ID, 0, submit.FromStrings([]string{"http://127.0.0.1:1/"}))
	}
	if err == nil {
		_, err = job.Mutate(ctx, dead.Store, a.Job.ID, func(j *job.Job) error {
			j.Open, j.Chunks, j.Adding = false, 1, time.Now()
			return nil
		})
	}
	if err = errors.Join(err, dead.Close()); err != nil {
		t.Fatal(err)
	}
	node, err := local.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- node.Run(running) }()
	var j job.Job
	for end := time.Now().Add(10 * time.Second); j.Status != job.Completed && err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		j, err = node.Store.Job(ctx, a.Job.ID)
	}
	stop()
	if err = errors.Join(err, <-done, node.Close()); err != nil || j.Status != job.Completed {
		t.Errorf("after ten seconds the job is %s, %v", j.Status, err)
	}
}
