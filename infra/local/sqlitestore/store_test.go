package sqlitestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/job/jobtest"
	"gleaner/shared/record"
	"gleaner/shared/record/recordtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashFile) != "" {
		if err := crashChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, opts ...sqlitestore.Option) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "gleaner.db"), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestJobStore(t *testing.T) {
	t.Parallel()
	jobtest.Run(t, func(t *testing.T) job.Store { t.Helper(); return open(t) })
}

func TestRecordStore(t *testing.T) {
	t.Parallel()
	recordtest.Run(t, func(t *testing.T) record.Store { t.Helper(); return open(t) })
}
