package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gleaner/infra/local/sqlitequeue"
	"gleaner/infra/local/sqlitestore"
	"gleaner/shared/audit"
	"gleaner/shared/job"
	"gleaner/shared/queue"
)

// TestSoak soaks the real program on SQLite, killed with SIGKILL at random.
func TestSoak(t *testing.T) {
	site := startSoakSite(t, 40)
	in := newSoakedServer(t)
	soak(t, site, in)
	in.recount()
}

// soakedServer is `gleaner serve`, spoken to over HTTP.
type soakedServer struct {
	t      *testing.T
	data   string
	listen string
	bells  *sqlitequeue.Queue // the server's own queue, opened beside it
	store  *sqlitestore.Store

	mu      sync.Mutex
	server  *server
	crashes int
	jobs    []job.ID
}

func newSoakedServer(t *testing.T) *soakedServer {
	t.Helper()
	// Every start takes the same port. On an address of its own nobody else is given
	// it meanwhile.
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.78.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &soakedServer{t: t, data: t.TempDir(), listen: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.server = s.start()
	if s.bells, err = sqlitequeue.Open(t.Context(), filepath.Join(s.data, "queue.db"), sqlitequeue.Config{Name: "bells"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.bells.Close() })
	if s.store, err = sqlitestore.Open(t.Context(), filepath.Join(s.data, "gleaner.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	return s
}

func (s *soakedServer) start() *server {
	return startServer(s.t, s.data, "--listen", s.listen, "--timeout", "10s")
}

// crash kills the worker process alone or the server, in turn.
func (s *soakedServer) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crashes++; s.crashes%2 == 0 && s.server.killWorker() {
		return
	}
	s.server.kill()
	s.server = s.start()
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.body) }

// call repeats a request until it is answered. Every request here may be repeated.
func (s *soakedServer) call(ctx context.Context, method, path, contentType, key string, body []byte, out any) error {
	for {
		err := s.once(ctx, method, path, contentType, key, body, out)
		var no *refusal
		switch {
		case err == nil, ctx.Err() != nil:
			return err
		case errors.As(err, &no) && no.status < 500 && no.status != http.StatusTooManyRequests && !strings.Contains(no.body, "in-progress"):
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *soakedServer) once(ctx context.Context, method, path, contentType, key string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.listen+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return &refusal{res.StatusCode, string(text)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func (s *soakedServer) create(ctx context.Context, j *soakJob) error {
	var answer struct{ Job job.Job }
	in := map[string]any{"name": j.tag, "options": j.options, "open": j.chunks > 0}
	if j.chunks == 0 {
		in["urls"] = j.urls
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPost, "/jobs", "application/json", j.tag, body, &answer); err != nil {
		return err
	}
	j.id = answer.Job.ID
	path := "/jobs/" + string(j.id)
	size := (len(j.urls) + j.chunks) / max(1, j.chunks)
	for n := range j.chunks {
		part := j.urls[min(n*size, len(j.urls)):min((n+1)*size, len(j.urls))]
		if len(part) == 0 { // as an empty line: it counts as rejected
			part = []string{"no address"}
		}
		if err := s.call(ctx, http.MethodPut, fmt.Sprintf("%s/chunks/%d", path, n), "text/plain", "", []byte(strings.Join(part, "\n")), nil); err != nil {
			return err
		}
	}
	if j.chunks > 0 {
		if err := s.call(ctx, http.MethodPost, path+"/start", "application/json", "", fmt.Appendf(nil, `{"chunks":%d}`, j.chunks), nil); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, j.id)
	return nil
}

func (s *soakedServer) act(ctx context.Context, action string, id job.ID) error {
	method, path := http.MethodPost, "/jobs/"+string(id)+"/"+action
	if action == "delete" {
		method, path = http.MethodDelete, "/jobs/"+string(id)
	}
	err := s.call(ctx, method, path, "application/json", "", nil, nil)
	var no *refusal
	if errors.As(err, &no) && no.status == http.StatusConflict {
		return fmt.Errorf("%w: %w", job.ErrState, err)
	}
	return err
}

func (s *soakedServer) progress(ctx context.Context, id job.ID) (p job.Snapshot, err error) {
	err = s.call(ctx, http.MethodGet, "/jobs/"+string(id)+"/progress", "", "", nil, &p)
	return p, err
}

func (s *soakedServer) visits(ctx context.Context, id job.ID) (all []job.Visit, err error) {
	for cursor := ""; ; {
		var page struct {
			URLs []job.Visit
			Next string
		}
		if err := s.call(ctx, http.MethodGet, "/jobs/"+string(id)+"/urls?limit=1000&cursor="+cursor, "", "", nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.URLs...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

func (s *soakedServer) addresses(ctx context.Context, id job.ID) (all []job.Address, err error) {
	for cursor := ""; ; {
		var page struct {
			Emails []job.Address
			Next   string
		}
		if err := s.call(ctx, http.MethodGet, "/jobs/"+string(id)+"/emails?limit=1000&cursor="+cursor, "", "", nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Emails...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

func (s *soakedServer) batches() job.BatchStore { return s.store }

func (s *soakedServer) double(ctx context.Context, id job.ID) (int, error) {
	return ringAgain(ctx, s.bells, s.store, id)
}

// ringAgain rings some of a job's batches, whatever they are at.
func ringAgain(ctx context.Context, bells queue.Sender, store job.BatchStore, id job.ID) (int, error) {
	page, err := store.Batches(ctx, id, "", 20)
	if err != nil {
		return 0, err
	}
	var out []queue.Outgoing
	for i := range page.Items {
		if rand.IntN(3) == 0 {
			b := job.Bell{Ref: page.Items[i].Ref}
			out = append(out, queue.Outgoing{Body: b.Encode(), Group: b.Group()})
		}
	}
	return len(out), bells.Send(ctx, out)
}

// recount wants the counters of every completed job to be those of its items.
func (s *soakedServer) recount() { recountAll(s.t, s.store, s.jobs) }

func recountAll(t *testing.T, store job.Store, jobs []job.ID) {
	t.Helper()
	for _, id := range jobs {
		r, err := audit.Recount(t.Context(), store, id)
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !r.Clean() {
			t.Errorf("job %s (%s): %+v", id, r.Status, r.Drifts)
		}
	}
}
