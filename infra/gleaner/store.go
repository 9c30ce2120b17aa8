package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/cloud"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

// storeFlags say which store a command works on without a server: the SQLite
// file of a data directory, or a DynamoDB table. Both can be used while servers
// work on them.
type storeFlags struct {
	data  string
	table string
}

// register adds the flags; dir is the data directory supposed if none is given.
func (f *storeFlags) register(cmd *cobra.Command, dir string) {
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", dir, "data `directory` of a server on this machine")
	flags.StringVar(&f.table, "table", "", "DynamoDB `table` of a deployment, reached with the AWS credentials of the environment (AWS_ENDPOINT_URL for an emulator)")
	cmd.MarkFlagsMutuallyExclusive("data", "table")
}

// given reports whether a store was named.
func (f *storeFlags) given() bool { return f.data != "" || f.table != "" }

// store is what both kinds of store are.
type store interface {
	job.Store
	record.Store
}

// databaseName is the file in a data directory that local.Open works on.
const databaseName = "gleaner.db"

// open opens the store; create says whether a data directory may be made.
func (f *storeFlags) open(ctx context.Context, create bool) (store, func() error, error) {
	if f.table != "" {
		c, err := cloud.Connect(ctx)
		if err != nil {
			return nil, nil, err
		}
		return c.Table(f.table), func() error { return nil }, nil
	}
	file := filepath.Join(f.data, databaseName)
	if create {
		if err := os.MkdirAll(f.data, 0o700); err != nil {
			return nil, nil, fmt.Errorf("--data: %w", err)
		}
	} else if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no data in %s: name its directory with --data, or a table with --table", f.data)
	}
	s, err := sqlitestore.Open(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
