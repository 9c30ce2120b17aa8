package jobtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gleaner/shared/job"
)

var listTests = []test{
	{"OwnersJobsNewestFirst", testJobs},
	{"Filters", testJobFilter},
	{"CursorSurvivesNewJobs", testJobsCursor},
	{"ForeignCursors", testJobsForeignCursor},
	{"ByStatusOldestFirst", testJobsByStatus},
	{"DeletedJobsAreInNoList", testDeletedJobs},
}

func ids(jobs []job.Job) []job.ID {
	out := make([]job.ID, len(jobs))
	for i := range jobs {
		out[i] = jobs[i].ID
	}
	return out
}

func (f *fixture) jobs(t tb, filter job.JobFilter, limit int) []job.Job {
	t.Helper()
	return collect(t, limit, func(cursor string, limit int) (job.Page[job.Job], error) {
		return f.Jobs(t.Context(), f.owner, filter, cursor, limit)
	})
}

// listed waits until the owner's list shows want.
func (f *fixture) listed(t tb, filter job.JobFilter, limit int, want []job.ID) {
	t.Helper()
	eventually(t, func() string {
		if got := ids(f.jobs(t, filter, limit)); !slices.Equal(got, want) {
			return fmt.Sprintf("listed %v, want %v", got, want)
		}
		return ""
	})
}

func testJobs(t *testing.T, f *fixture) {
	f.listed(t, job.JobFilter{}, 10, nil)
	var want []job.ID
	for range 7 {
		want = append(want, f.create(t, f.job(1)).ID)
	}
	slices.Reverse(want)
	for _, limit := range []int{1, 3, 7, 100, job.MaxPage + 1} {
		f.listed(t, job.JobFilter{}, limit, want)
	}
	page, err := f.Jobs(t.Context(), f.owner, job.JobFilter{}, "", 3)
	if err != nil || page.Next == "" {
		t.Fatalf("page of 3: %d items, next %q, %v", len(page.Items), page.Next, err)
	}
	stored, err := f.Job(t.Context(), page.Items[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, stored, page.Items[0]) // whole, not a summary
	if page, err = f.Jobs(t.Context(), f.owner+"-else", job.JobFilter{}, "", 3); err != nil || len(page.Items) > 0 {
		t.Errorf("another owner sees %v, %v", ids(page.Items), err)
	}
}

func testJobFilter(t *testing.T, f *fixture) {
	make := func(name string, s ...job.Status) job.ID {
		j := f.job(1)
		j.Name = name
		f.create(t, j)
		for _, status := range s {
			f.become(t, j.ID, status)
		}
		return j.ID
	}
	a := make("Ärzte Nord", job.Running)
	b := make("Bäcker Süd", job.Running, job.Paused)
	c := make("ärzte süd", job.Running)
	d := make("")
	f.listed(t, job.JobFilter{Status: job.Running}, 10, []job.ID{c, a})
	f.listed(t, job.JobFilter{Status: job.Paused}, 10, []job.ID{b})
	f.listed(t, job.JobFilter{Status: job.Failed}, 10, nil)
	f.listed(t, job.JobFilter{Search: "ÄRZTE"}, 10, []job.ID{c, a})
	f.listed(t, job.JobFilter{Search: "süd"}, 1, []job.ID{c, b})
	f.listed(t, job.JobFilter{Search: "süd", Status: job.Running}, 10, []job.ID{c})
	f.listed(t, job.JobFilter{Search: string(d)}, 10, []job.ID{d})
	f.listed(t, job.JobFilter{Search: "nothing like it"}, 10, nil)
	f.listed(t, job.JobFilter{Search: "%"}, 10, nil) // plain text, no pattern
	f.become(t, a, job.Completed)
	f.listed(t, job.JobFilter{Status: job.Running}, 10, []job.ID{c})
	f.listed(t, job.JobFilter{Status: job.Completed}, 10, []job.ID{a})
}

func testJobsCursor(t *testing.T, f *fixture) {
	var want []job.ID
	for range 6 {
		want = append(want, f.create(t, f.job(1)).ID)
	}
	slices.Reverse(want)
	f.listed(t, job.JobFilter{}, 100, want)
	var got []job.ID
	for cursor := ""; ; {
		page, err := f.Jobs(t.Context(), f.owner, job.JobFilter{}, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(page.Items)...)
		if cursor = page.Next; cursor == "" {
			break
		}
		f.create(t, f.job(1)) // goes before the first page
	}
	equal(t, want, got)
}

func testJobsForeignCursor(t *testing.T, f *fixture) {
	for range 3 {
		f.create(t, f.job(1))
	}
	var page job.Page[job.Job]
	eventually(t, func() string {
		var err error
		if page, err = f.Jobs(t.Context(), f.owner, job.JobFilter{}, "", 1); err != nil || page.Next == "" {
			return fmt.Sprintf("next %q, %v", page.Next, err)
		}
		return ""
	})
	// A cursor is no way into another owner's list.
	_, err := f.Jobs(t.Context(), f.owner+"-else", job.JobFilter{}, page.Next, 10)
	wantError(t, "another owner's cursor", err, job.ErrCursor)
	for _, cursor := range []string{"x", "%%%", "AAAAAAAAAAAAAAAAAAAA", page.Next[:len(page.Next)-1] + "!"} {
		_, err := f.Jobs(t.Context(), f.owner, job.JobFilter{}, cursor, 10)
		wantError(t, fmt.Sprintf("cursor %q", cursor), err, job.ErrCursor)
		_, err = f.JobsByStatus(t.Context(), job.Creating, cursor, 10)
		wantError(t, fmt.Sprintf("cursor %q by status", cursor), err, job.ErrCursor)
	}
}

// byStatus lists the fixture's own jobs of a status: others' may be among them.
func (f *fixture) byStatus(t tb, s job.Status, limit int) []job.ID {
	t.Helper()
	all := collect(t, limit, func(cursor string, limit int) (job.Page[job.Job], error) {
		return f.JobsByStatus(t.Context(), s, cursor, limit)
	})
	var own []job.ID
	for i := range all {
		if all[i].Owner == f.owner && all[i].Status == s {
			own = append(own, all[i].ID)
		}
	}
	return own
}

func testJobsByStatus(t *testing.T, f *fixture) {
	var running []job.ID
	for i := range 5 {
		j := f.create(t, f.job(1))
		if i != 2 {
			f.become(t, j.ID, job.Running)
			running = append(running, j.ID)
		}
	}
	for _, limit := range []int{2, job.MaxPage} {
		eventually(t, func() string {
			if got := f.byStatus(t, job.Running, limit); !slices.Equal(got, running) {
				return fmt.Sprintf("running %v, want %v", got, running)
			}
			return ""
		})
	}
	f.become(t, running[0], job.Completed)
	eventually(t, func() string {
		got, done := f.byStatus(t, job.Running, job.MaxPage), f.byStatus(t, job.Completed, job.MaxPage)
		if !slices.Equal(got, running[1:]) || !slices.Equal(done, running[:1]) {
			return fmt.Sprintf("running %v, completed %v", got, done)
		}
		return ""
	})
}

func testDeletedJobs(t *testing.T, f *fixture) {
	kept, gone := f.create(t, f.job(1)), f.create(t, f.job(1))
	for _, id := range []job.ID{kept.ID, gone.ID} {
		f.become(t, id, job.Running)
	}
	deleted := func(before time.Time) bool {
		all, err := f.DeletedJobs(t.Context(), before, job.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(all, kept.ID) {
			t.Fatalf("%s is among the deleted", kept.ID)
		}
		return slices.Contains(all, gone.ID)
	}
	at := f.tick(time.Second)
	j, err := job.Mutate(t.Context(), f.Store, gone.ID, func(j *job.Job) error { j.DeletedAt = at; return nil })
	if err != nil {
		t.Fatal(err)
	}
	f.listed(t, job.JobFilter{}, 10, []job.ID{kept.ID})
	eventually(t, func() string {
		if got := f.byStatus(t, job.Running, job.MaxPage); !slices.Equal(got, []job.ID{kept.ID}) {
			return fmt.Sprintf("running %v", got)
		}
		return ""
	})
	eventually(t, func() string {
		if !deleted(at.Add(time.Minute)) {
			return "the deleted job is not among the deleted"
		}
		return ""
	})
	if deleted(at.Add(-time.Minute)) {
		t.Error("a job deleted later is listed")
	}
	got, err := f.Job(t.Context(), gone.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, j, got)
	// Undone in time, it is back.
	if _, err := job.Mutate(t.Context(), f.Store, gone.ID, func(j *job.Job) error { j.DeletedAt = time.Time{}; return nil }); err != nil {
		t.Fatal(err)
	}
	f.listed(t, job.JobFilter{}, 10, []job.ID{gone.ID, kept.ID})
	eventually(t, func() string {
		if deleted(at.Add(time.Minute)) {
			return "a job that is back is among the deleted"
		}
		return ""
	})
}
