package bench

import (
	"context"
	"fmt"
	"io"
	"os"
)

// process is one of Commands that runs. What it needs is written to in, and what it
// has to say is read from out.
type process struct {
	in   io.Writer
	out  io.Reader
	stop func()
}

// start starts one of Commands, which ends with stop or ctx.
func (e *Env) start(ctx context.Context, command string) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := e.Process(ctx, command)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return &process{in: in, out: out, stop: func() {
		_ = in.Close()
		cancel()
		_ = cmd.Wait() // it was told to end
	}}, nil
}

// endsWith calls stop when in ends: whoever started this process is gone, or wants
// it to end.
func endsWith(in io.Reader, stop func()) {
	defer stop()
	_, _ = io.Copy(io.Discard, in)
}
