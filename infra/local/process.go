package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"gleaner/shared/doctor"
)

// What a node tells its worker process, in one byte each. The end of the input
// says that the node is gone.
const (
	sayRang = 'r' // messages may have become ready
	sayStop = 's' // let the batches under way end, begin no others, and end
)

// ErrOrphaned says that the node of a worker process is gone: the process must
// end at once, for another node will take over what it has under way.
var ErrOrphaned = errors.New("the server of this worker process is gone")

// Work crawls batches in a process of their own for the Node that started it with
// Config.WorkerProcess; in is the process's standard input. It returns when that
// Node or ctx tells it to stop and the batches under way have ended, or at once
// with ErrOrphaned.
func Work(ctx context.Context, cfg Config, in io.Reader) error {
	giveWay()
	lock, err := lockDirectory(ctx, cfg.Dir, workerLock)
	if err != nil {
		return err
	}
	var i installation
	if err := i.open(ctx, cfg); err != nil {
		return errors.Join(err, i.close(), lock.Close())
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	orphaned, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(orphaned)
		i.listen(bufio.NewReader(in), stop)
	}()
	go func() { ended <- i.batches().Run(running) }()
	select {
	case err := <-ended:
		return errors.Join(err, i.close(), lock.Close())
	case <-orphaned:
		return ErrOrphaned // nothing is waited for: as if the process had died with its node
	}
}

// listen does what the node says until it is gone.
func (i *installation) listen(in io.ByteReader, stop func()) {
	for {
		switch c, err := in.ReadByte(); {
		case err != nil:
			return
		case c == sayRang:
			i.bells.Ring()
		case c == sayStop:
			stop()
		}
	}
}

// Waits before a worker process that died is started again: the first, doubled
// with each that did not live longer than the last.
const (
	firstRestart = 100 * time.Millisecond
	lastRestart  = 10 * time.Second
)

// stopTime is how long a worker process may take to stop: the batches under way
// have their own time limit.
const stopTime = workerTimeout + 10*time.Second

// workerProcess keeps a worker process running.
type workerProcess struct {
	command func(context.Context) *exec.Cmd
	rang    func() <-chan struct{} // as of a queue
	died    func(ctx context.Context, at time.Time) error
	log     *slog.Logger

	mu    sync.Mutex
	state doctor.WorkerProcess
}

// look says how the process is.
func (w *workerProcess) look() doctor.WorkerProcess {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

func (w *workerProcess) note(change func(s *doctor.WorkerProcess)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.state)
}

// Run starts the process, and again whenever it dies, until ctx ends and it has
// stopped. The only error is that it could not be started at all.
func (w *workerProcess) Run(ctx context.Context) error {
	pause := firstRestart
	for first := true; ; first = false {
		began := time.Now()
		started, err := w.run(ctx)
		if ctx.Err() != nil || first && !started {
			return err
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		died := time.Now()
		w.note(func(s *doctor.WorkerProcess) { s.Since, s.Deaths, s.Died, s.Cause = time.Time{}, s.Deaths+1, died, err })
		w.log.ErrorContext(ctx, "the worker process died and is started again", "after", time.Since(began).Round(time.Millisecond).String(), "error", err)
		if err := w.died(ctx, died); err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "what the worker process had under way was not taken over", "error", err)
		}
		if time.Since(began) > lastRestart {
			pause = firstRestart
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, lastRestart)
	}
}

// run runs one process to its end. One that was told to stop and did is no error.
func (w *workerProcess) run(ctx context.Context) (started bool, err error) {
	cmd := w.command(context.WithoutCancel(ctx))
	in, err := cmd.StdinPipe()
	if err != nil {
		return false, fmt.Errorf("local: worker process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("local: worker process: %w", err)
	}
	w.note(func(s *doctor.WorkerProcess) { s.Since = time.Now() })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = cmd.Wait()
	}()
	w.tell(ctx, in, ended)
	late := time.NewTimer(stopTime)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		err := cmd.Process.Kill()
		<-ended
		return true, errors.Join(errors.New("local: the worker process did not stop in time and was killed"), err)
	}
	if err != nil {
		return true, fmt.Errorf("local: worker process: %w", err)
	}
	return true, nil
}

// tell passes on what the process is to know until it ended or was told to stop.
// That it cannot be told is seen by its end.
func (w *workerProcess) tell(ctx context.Context, in io.Writer, ended <-chan struct{}) {
	rang := w.rang()
	for {
		select {
		case <-rang:
			rang = w.rang() // before telling: what comes in between is told again
			_, _ = in.Write([]byte{sayRang})
		case <-ctx.Done():
			_, _ = in.Write([]byte{sayStop})
			return
		case <-ended:
			return
		}
	}
}
