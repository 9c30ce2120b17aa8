package sqlitedb_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gleaner/infra/local/sqlitedb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string, migrations ...string) *sqlitedb.DB {
	t.Helper()
	d, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func count(t *testing.T, d *sqlitedb.DB) (n int) {
	t.Helper()
	if _, err := d.Get(t.Context(), "SELECT count(*) FROM t", nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrationsRunOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "with space & ?#%.db")
	const first, second = "CREATE TABLE t(a); INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)"
	d := open(t, path, first)
	if n := count(t, d); n != 1 {
		t.Fatalf("%d rows after version 1", n)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d = open(t, path, first, second)
		if n := count(t, d); n != 3 {
			t.Fatalf("%d rows after version 2", n)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Migrations: []string{first}})
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Fatalf("a newer file: %v", err)
	}
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	_, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Migrations: []string{"CREATE TABLE t(a); nonsense"}})
	if err == nil {
		t.Fatal("opened")
	}
	if n := count(t, open(t, path, "CREATE TABLE t(a)")); n != 0 {
		t.Fatal(n)
	}
}

func TestWriteIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	d := open(t, filepath.Join(t.TempDir(), "a.db"), "CREATE TABLE t(a)")
	boom := errors.New("boom")
	insert := func(tx *sqlitedb.Tx) {
		if _, err := tx.Exec("INSERT INTO t VALUES (?)", 1); err != nil {
			t.Error(err)
		}
	}
	if err := d.Write(t.Context(), func(tx *sqlitedb.Tx) error { insert(tx); return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = d.Write(t.Context(), func(tx *sqlitedb.Tx) error { insert(tx); panic("boom") })
	}()
	if n := count(t, d); n != 0 {
		t.Fatalf("%d rows of broken writes", n)
	}
	if err := d.Write(t.Context(), func(tx *sqlitedb.Tx) error { insert(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d); n != 1 {
		t.Fatal(n)
	}
}

func TestWaitingForTheWriterEndsWithTheContext(t *testing.T) {
	t.Parallel()
	d := open(t, filepath.Join(t.TempDir(), "a.db"), "CREATE TABLE t(a)")
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Write(t.Context(), func(*sqlitedb.Tx) error {
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := d.Write(ctx, func(*sqlitedb.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(ctx, "SELECT 1", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

func TestTwoProcessesShareAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	const schema = "CREATE TABLE t(a)"
	dbs := []*sqlitedb.DB{open(t, path, schema), open(t, path, schema)}
	var wg sync.WaitGroup
	for _, d := range dbs {
		for range 4 {
			wg.Go(func() {
				for range 25 {
					if err := d.Write(t.Context(), func(tx *sqlitedb.Tx) error {
						_, err := tx.Exec("INSERT INTO t VALUES (1)")
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	for _, d := range dbs {
		if n := count(t, d); n != 200 {
			t.Errorf("%d rows", n)
		}
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	d := open(t, filepath.Join(t.TempDir(), "a.db"), "CREATE TABLE t(a)")
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Write(t.Context(), func(*sqlitedb.Tx) error { return nil }); !errors.Is(err, sqlitedb.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if _, err := d.Get(t.Context(), "SELECT 1", nil); !errors.Is(err, sqlitedb.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

// A log that was moved into the file starts anew, small again.
func TestLogShrinks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a second")
	}
	d := open(t, filepath.Join(t.TempDir(), "a.db"), "CREATE TABLE t(a)")
	insert := func(n int) {
		t.Helper()
		if err := d.Write(t.Context(), func(tx *sqlitedb.Tx) error {
			_, err := tx.Exec("INSERT INTO t VALUES (zeroblob(?))", n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	insert(8 << 20)
	for deadline := time.Now().Add(time.Minute); sqlitedb.LogSize(d) > 1<<20; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("log still has %d bytes", sqlitedb.LogSize(d))
		}
		insert(1)
	}
	if n := count(t, d); n < 2 {
		t.Errorf("%d rows", n)
	}
}

func TestLogIsEmptiedWhileWriting(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a second")
	}
	d := open(t, filepath.Join(t.TempDir(), "a.db"), "CREATE TABLE t(a)")
	sqlitedb.HardLimit(d, 16<<20)
	blob := make([]byte, 1<<20)
	for range 30 {
		if err := d.Write(t.Context(), func(tx *sqlitedb.Tx) error {
			_, err := tx.Exec("INSERT INTO t VALUES (?)", blob)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); sqlitedb.LogSize(d) > 16<<20; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("log still has %d bytes", sqlitedb.LogSize(d))
		}
	}
}
