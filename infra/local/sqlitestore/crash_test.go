package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/job"
	"gleaner/shared/record"
)

// The crash test runs this test binary as a child that works on a file as hard
// as it can and reports on stdout every answer it got, kills it with SIGKILL at
// a random moment, and looks whether the file holds all that was answered.

const crashFile, crashJob, crashRound = "GLEANER_CRASH_FILE", "GLEANER_CRASH_JOB", "GLEANER_CRASH_ROUND"

var crashNow = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

const (
	crashBatches = 800
	crashTargets = 5
	crashWorkers = 4
)

// crashChild takes batches through their life until it is killed.
func crashChild() error {
	ctx := context.Background()
	s, err := sqlitestore.Open(ctx, os.Getenv(crashFile))
	if err != nil {
		return err
	}
	id := job.ID(os.Getenv(crashJob))
	var round int
	if _, err := fmt.Sscan(os.Getenv(crashRound), &round); err != nil {
		return err
	}
	// The leases of the killed have run out by the next round.
	now := crashNow.Add(time.Duration(round) * time.Hour)
	answered := func(what string, key any) { _, _ = fmt.Fprintln(os.Stdout, what, key) }
	var wg sync.WaitGroup
	errs := make([]error, crashWorkers)
	for w := range crashWorkers {
		wg.Go(func() {
			for i := w; i < crashBatches; i += crashWorkers {
				if errs[w] = crashLife(ctx, s, job.Ref{Job: id, Key: job.PlannedKey(i)}, now, answered); errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func crashLife(ctx context.Context, s *sqlitestore.Store, r job.Ref, now time.Time, answered func(string, any)) error {
	token := fmt.Sprint(r.Key, now.Unix())
	b, err := s.Claim(ctx, r, job.Claim{Token: token, Now: now, Lease: time.Minute})
	if errors.Is(err, job.ErrDone) {
		return nil
	}
	if err != nil {
		return err
	}
	answered("claimed", r.Key)
	res := b.Result
	if res == nil {
		res = &job.Result{Pages: 1}
		for i, target := range b.Targets {
			res.Visits = append(res.Visits, job.Visit{URL: target.URL, Outcome: job.OutcomeFound})
			// Neighbours find the same address: one of them owns it.
			n := b.Ref.Key.Seq() + i
			res.Addresses = append(res.Addresses, job.Address{Email: fmt.Sprintf("a%d@tannhof.de", n), SourceURL: target.URL, FirstSeen: now})
		}
		if err := s.SaveResult(ctx, r, token, *res, nil); err != nil {
			return err
		}
		answered("saved", r.Key)
	}
	mine, err := s.PutAddresses(ctx, r, res.Addresses, now)
	if err != nil {
		return err
	}
	tally := job.TallyOf(res)
	for i := range mine {
		if mine[i] {
			tally.Emails++
			answered("owned", res.Addresses[i].Email+"="+string(r.Key))
		}
	}
	if _, err := s.Settle(ctx, r, tally, now, now); err != nil {
		return err
	}
	answered("settled", r.Key)
	if err := s.Put(ctx, record.Record{Partition: "crash", Sort: string(r.Key), Value: []byte(token)}); err != nil {
		return err
	}
	answered("recorded", r.Key)
	return nil
}

// killedAfter runs the child until it has reported lines answers or ended, and
// returns what it had reported.
func killedAfter(t *testing.T, lines int, env ...string) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), env...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var reported []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if reported = append(reported, scan.Text()); len(reported) == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	return reported
}

func TestKillLosesNothingAnswered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gleaner.db")
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	j := job.Job{ID: job.NewID(crashNow, 4), Owner: "o", Status: job.Creating, URLs: crashBatches * crashTargets, Batches: crashBatches, CreatedAt: crashNow, ExpiresAt: crashNow}
	if _, _, err := s.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	batches := make([]job.Batch, crashBatches)
	for i := range batches {
		batches[i] = job.Batch{Ref: job.Ref{Job: j.ID, Key: job.PlannedKey(i)}, Due: crashNow}
		for n := range crashTargets {
			batches[i].Targets = append(batches[i].Targets, job.Target{URL: fmt.Sprintf("https://a.de/%d/%d", i, n)})
		}
	}
	if err := s.PutBatches(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reported := map[string]map[string]bool{}
	for round := range 5 {
		lines := killedAfter(t, 1+rand.IntN(1200),
			crashFile+"="+path, crashJob+"="+string(j.ID), fmt.Sprint(crashRound, "=", round+1))
		for _, line := range lines {
			what, key, _ := strings.Cut(line, " ")
			if reported[what] == nil {
				reported[what] = map[string]bool{}
			}
			reported[what][key] = true
		}
		checkAnswered(t, path, j.ID, reported)
	}
	if len(reported["settled"]) == 0 {
		t.Error("no batch was settled: the test proves nothing")
	}
}

// checkAnswered opens the file as a new process would and compares it with what
// was answered, and its counters with its batches.
func checkAnswered(t *testing.T, path string, id job.ID, reported map[string]map[string]bool) {
	t.Helper()
	ctx := t.Context()
	s, err := sqlitestore.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var want job.Counters
	for cursor := ""; ; {
		page, err := s.Batches(ctx, id, cursor, job.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Items {
			b := &page.Items[i]
			key := string(b.Ref.Key)
			if b.Status == job.Pending && reported["claimed"][key] || b.Result == nil && reported["saved"][key] || b.Status != job.Done && reported["settled"][key] {
				t.Errorf("batch %s is %s again", key, b.Status)
			}
			switch b.Status {
			case job.Leased, job.Fetched:
				want.Active++
			case job.Done:
				want.BatchesDone++
				want.Processed += int64(len(b.Result.Visits))
				want.Pages += int64(b.Result.Pages)
			case job.Pending:
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	p, err := s.Progress(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Counters
	if got.Active != want.Active || got.BatchesDone != want.BatchesDone || got.Processed != want.Processed || got.Pages != want.Pages ||
		got.Outcomes[job.OutcomeFound] != want.Processed {
		t.Errorf("counters %+v, the batches say %+v", got, want)
	}
	var emails []string
	owner := map[string]string{}
	for owned := range reported["owned"] {
		email, key, _ := strings.Cut(owned, "=")
		emails, owner[email] = append(emails, email), key
	}
	owners, err := s.AddressOwners(ctx, id, emails)
	if err != nil {
		t.Fatal(err)
	}
	for email, key := range owner {
		if string(owners[email]) != key {
			t.Errorf("%s belongs to %q, batch %s was told it was its", email, owners[email], key)
		}
	}
	for key := range reported["recorded"] {
		if _, err := s.Get(ctx, "crash", key); err != nil {
			t.Errorf("record %s: %v", key, err)
		}
	}
}
