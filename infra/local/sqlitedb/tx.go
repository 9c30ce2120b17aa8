package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is a write under way. It must not be used after the function it was given
// to has returned.
type Tx struct {
	ctx context.Context
	d   *DB
}

// Write runs fn in one transaction that takes effect whole or, if fn returns an
// error or panics, not at all. It waits for the writers before it, no longer
// than ctx allows; once begun it is not broken off, so that an answer is never
// in doubt.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if err := d.write(ctx, fn); err != nil {
		return err
	}
	select {
	case d.committed <- struct{}{}:
	default:
	}
	return nil
}

func (d *DB) write(ctx context.Context, fn func(tx *Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.lock <- struct{}{}:
	case <-d.stopped: // closed, or about to be
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.lock }()

	tx := &Tx{ctx: context.WithoutCancel(ctx), d: d}
	if _, err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	open := true
	defer func() {
		if open {
			_, rollback := tx.Exec("ROLLBACK")
			err = errors.Join(err, rollback)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if _, err := tx.Exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	open = false
	return nil
}

func (tx *Tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := tx.d.kept[query]; ok {
		return s, nil
	}
	s, err := tx.d.conn.PrepareContext(tx.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	tx.d.kept[query] = s
	return s, nil
}

// Exec runs a statement and returns the number of rows it changed. Statements
// are kept by their text: it must come from a fixed set.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	s, err := tx.stmt(query) //nolint:sqlclosecheck // kept until Close
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(tx.ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", query, err)
	}
	return res.RowsAffected()
}

// Get reads one row into dest and says whether there was one.
func (tx *Tx) Get(query string, args []any, dest ...any) (bool, error) {
	s, err := tx.stmt(query) //nolint:sqlclosecheck // kept until Close
	if err != nil {
		return false, err
	}
	return one(s.QueryRowContext(tx.ctx, args...), query, dest)
}

// Query calls fn with every row. fn must not use tx.
func (tx *Tx) Query(query string, args []any, fn func(*sql.Rows) error) error {
	s, err := tx.stmt(query)
	if err != nil {
		return err
	}
	return all(tx.ctx, s, query, args, fn)
}

// Get reads one row into dest and says whether there was one. It sees every
// write that was answered before, and waits for neither writers nor lists.
func (d *DB) Get(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	s, ctx, err := d.read(ctx, d.rows, query) //nolint:sqlclosecheck // kept until Close
	if err != nil {
		return false, err
	}
	return one(s.QueryRowContext(ctx, args...), query, dest)
}

// Few is Query for a handful of rows that somebody waits for: like Get it does not
// wait for lists.
func (d *DB) Few(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	s, ctx, err := d.read(ctx, d.rows, query)
	if err != nil {
		return err
	}
	return all(ctx, s, query, args, fn)
}

// Query calls fn with every row of one consistent state of the file. fn must not
// read or write through d: it would wait for a connection it holds itself.
func (d *DB) Query(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	s, ctx, err := d.read(ctx, d.lists, query)
	if err != nil {
		return err
	}
	return all(ctx, s, query, args, fn)
}

// read also takes the deadline off: queries are bounded by their LIMIT, and
// watching a context costs a goroutine for each.
func (d *DB) read(ctx context.Context, p *pool, query string) (*sql.Stmt, context.Context, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case <-d.stopped:
		return nil, nil, ErrClosed
	default:
	}
	ctx = context.WithoutCancel(ctx)
	s, err := p.stmt(ctx, query)
	return s, ctx, err
}

func (p *pool) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.stmts.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	if first, loaded := p.stmts.LoadOrStore(query, s); loaded {
		return first.(*sql.Stmt), s.Close() //nolint:sqlclosecheck // another caller's is kept
	}
	return s, nil
}

func one(row *sql.Row, query string, dest []any) (bool, error) {
	err := row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", query, err)
	}
	return true, nil
}

func all(ctx context.Context, s *sql.Stmt, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}
