package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // for the baseline

	"gleaner/infra/local/sqlitequeue"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/control"
	"gleaner/shared/httpapi"
	"gleaner/shared/job"
	"gleaner/shared/queue"
	"gleaner/shared/record"
	"gleaner/shared/submit"
)

// maxTimesPlain is how long the start of a job may take, compared with a loop that
// parses the list and stores one row a URL in one transaction.
const maxTimesPlain = 1

// api is the real handler over a store and a queue, without limits of rate.
func api(store interface {
	job.Store
	record.Store
}, bells queue.Sender,
) http.Handler {
	log := slog.New(slog.DiscardHandler)
	return httpapi.New(httpapi.Config{
		Store: store, Records: store, Bells: bells, Submit: submit.New(store, bells, submit.WithLogger(log)),
		Control: control.New(store, bells, time.Now, log),
		Auth:    httpapi.LoopbackOwner, Log: log, Limits: httpapi.Limits{Rate: -1},
	})
}

// create measures POST /jobs over loopback, client included, on SQLite, and on
// DynamoDB and SQS if there are emulators.
func create(ctx context.Context, e *Env, r *Report) error {
	dir, remove, err := e.tempDir()
	if err != nil {
		return err
	}
	defer remove()
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "gleaner.db"))
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	bells, err := sqlitequeue.Open(ctx, filepath.Join(dir, "queue.db"), sqlitequeue.Config{Name: "bells", MaxReceives: 5, DeadLetter: "dead"})
	if err != nil {
		return err
	}
	defer func() { _ = bells.Close() }()
	plain, err := openPlain(ctx, filepath.Join(dir, "plain.db"))
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close() }()
	s, err := serve(ctx, api(store, bells))
	if err != nil {
		return err
	}
	defer s.close()

	for _, size := range []struct{ urls, runs, quick, limit int }{{100, 400, 40, 50}, {10_000, 150, 15, 100}, {100_000, 60, 5, 200}} {
		runs := e.pick(size.runs, size.quick)
		e.note("create: SQLite, %d × %d URLs", runs, size.urls)
		body := asJSON(listOf(size.urls))
		var ours, base samples
		var cpu, allocs []float64
		for i := range runs + 1 {
			var took spent
			took, err := measured(func() error {
				answer, err := s.do(ctx, http.MethodPost, "/jobs", "application/json", body, http.StatusAccepted)
				if err != nil {
					return err
				}
				var a jobAnswer
				if err := json.Unmarshal(answer, &a); err != nil || a.Job.URLs != size.urls {
					return fmt.Errorf("created %+v, %w", a.Job, err)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if i == 0 {
				continue // the first opens what the others find open
			}
			ours = append(ours, took.wall)
			cpu = append(cpu, took.cpu.Seconds()*1000)
			allocs = append(allocs, took.allocs/float64(size.urls))
			if i <= max(3, runs/10) {
				if took, err = measured(func() error { return storePlain(ctx, plain, body) }); err != nil {
					return err
				}
				base = append(base, took.wall)
			}
		}
		name := fmt.Sprintf("SQLite, %d URLs", size.urls)
		r.add(name+", p50", ours.at(0.5), "ms", "")
		r.add(name+", p99", ours.at(0.99), "ms", fmt.Sprintf("< %d", size.limit))
		r.add(name+", CPU", median(cpu), "ms", "")
		r.add(name+", allocations", median(allocs), "per URL", "")
		r.add(name+", one row a URL instead, p50", base.at(0.5), "ms", "")
		if size.urls >= 10_000 {
			r.most(name+": to one row a URL", ours.at(0)/base.at(0), e.allowed(maxTimesPlain))
		}
	}
	return createOnAWS(ctx, e, r)
}

func openPlain(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "CREATE TABLE url (job INTEGER, url TEXT, status TEXT)")
	return db, err
}

// storePlain is the baseline: what a plain implementation does with the same body.
func storePlain(ctx context.Context, db *sql.DB, body []byte) error {
	var list struct {
		URLs []string `json:"urls"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // harmless once it is committed
	insert, err := tx.PrepareContext(ctx, "INSERT INTO url (job, url, status) VALUES (1, ?, 'PENDING')")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // with the transaction
	for _, line := range list.URLs {
		u, err := url.Parse(line)
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, u.String()); err != nil {
			return err
		}
	}
	return tx.Commit()
}
