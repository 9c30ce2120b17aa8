package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/fetch"
)

// nodeConfig is that of a node, and its worker process, that crawls the site.
func nodeConfig(dir string, log *slog.Logger) local.Config {
	return local.Config{Dir: dir, Log: log, Fetch: fetch.Config{Resolver: siteNames, AllowNets: []netip.Prefix{siteNet}}}
}

// usage is what a worker process took in its life.
type usage struct {
	CPU  time.Duration
	Peak float64 // megabytes resident
}

// usageFile is where a worker process leaves its usage.
const usageFile = "usage.json"

// Work is the worker process of a node whose data lies in the working directory.
func Work(ctx context.Context, in io.Reader, _ io.Writer) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if err := local.Work(ctx, nodeConfig(dir, log), in); err != nil {
		if errors.Is(err, local.ErrOrphaned) {
			return nil
		}
		return err
	}
	text, err := json.Marshal(usage{cpuTime(), peakMemory()})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, usageFile), text, 0o600)
}

// usageIn is what the worker process that ended took.
func usageIn(dir string) (u usage, err error) {
	text, err := os.ReadFile(filepath.Join(dir, usageFile))
	if err != nil {
		return u, fmt.Errorf("worker process: %w", err)
	}
	return u, json.Unmarshal(text, &u)
}
