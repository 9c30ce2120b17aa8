package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"strconv"
	"time"

	"gleaner/infra/local"
	"gleaner/shared/audit"
	"gleaner/shared/job"
)

const (
	chunkURLs    = 50_000
	pagesPerHost = 50
)

// million creates a job of a million URLs in chunks over HTTP and runs the whole of
// it as gleaner serve does: server, store, queue and notifier in this process, the
// workers in one of their own. The site it crawls is another process, and so is who
// looks at it.
func million(ctx context.Context, e *Env, r *Report) error {
	web, err := e.startSite(ctx)
	if err != nil {
		return err
	}
	defer web.stop()
	dir, remove, err := e.tempDir()
	if err != nil {
		return err
	}
	defer remove()
	log := slog.New(slog.NewJSONHandler(e.Notes, &slog.HandlerOptions{Level: slog.LevelError}))
	forgetPeak()
	cfg := nodeConfig(dir, log)
	cfg.WorkerProcess = func(ctx context.Context) *exec.Cmd {
		cmd := e.Process(ctx, WorkerCommand)
		cmd.Dir, cmd.Stderr = dir, e.Notes
		return cmd
	}
	node, err := local.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = node.Close() }()
	handler, err := node.Handler()
	if err != nil {
		return err
	}
	s, err := serve(ctx, handler)
	if err != nil {
		return err
	}
	defer s.close()

	// The workers run from the beginning: a plan of this size is theirs to make.
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- node.Run(running) }()
	defer stop()

	urls := e.million()
	hosts := max(1, urls/pagesPerHost)
	id, err := createInChunks(ctx, e, r, s, web, urls, hosts)
	if err != nil {
		return err
	}
	cpu := cpuTime()
	var small []string
	for n := range 10 {
		small = append(small, web.url(farHost, n, 0))
	}
	polls, last, err := watch(ctx, e, s, node.Store, id, pollGap, small...)
	if err != nil {
		return err
	}
	took := time.Duration(last.ElapsedMS) * time.Millisecond
	r.add("whole job", took.Seconds(), "s", "")
	r.add("whole job", float64(urls)/took.Seconds(), "pages/s", "")
	cpu = cpuTime() - cpu
	r.add("peak memory of the server (VmHWM)", peakMemory(), "MB", "bounded")
	polls.reportMillion(r)
	if err := requestsOfAPoll(ctx, r, node, id); err != nil {
		return err
	}
	far, err := pollFar(ctx, e, r, s, node, web)
	if err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	w, err := usageIn(dir)
	if err != nil {
		return err
	}
	r.add("peak memory of the worker process (VmHWM)", w.Peak, "MB", "bounded")
	r.add("CPU of the server during the job", cpu.Seconds()/float64(urls)*1000, "s/1,000 pages", "")
	r.add("CPU of the worker process, planning included", w.CPU.Seconds()/float64(urls+far)*1000, "s/1,000 pages", "")
	return verify(ctx, e, r, node, last, urls, hosts)
}

// createInChunks creates the job and returns its id.
func createInChunks(ctx context.Context, e *Env, r *Report, s *server, web *site, urls, hosts int) (job.ID, error) {
	began := time.Now()
	answer, err := s.do(ctx, http.MethodPost, "/jobs", "application/json",
		fmt.Appendf(nil, `{"name":"million","open":true,"expect":%d,"options":{"follow":"none"}}`, urls), http.StatusCreated)
	if err != nil {
		return "", err
	}
	var a jobAnswer
	if err := json.Unmarshal(answer, &a); err != nil {
		return "", err
	}
	base := "/jobs/" + a.Job.ID
	var chunks samples
	for first := 0; first < urls; first += chunkURLs {
		lines := make([]string, 0, chunkURLs)
		for i := first; i < min(first+chunkURLs, urls); i++ {
			lines = append(lines, web.url(leanHost, i%hosts, i/hosts))
		}
		body, at := asText(lines), time.Now()
		if _, err := s.do(ctx, http.MethodPut, base+"/chunks/"+strconv.Itoa(len(chunks)), "text/plain", body, http.StatusOK); err != nil {
			return "", err
		}
		chunks = append(chunks, time.Since(at))
	}
	at := time.Now()
	if _, err := s.do(ctx, http.MethodPost, base+"/start", "application/json", fmt.Appendf(nil, `{"chunks":%d}`, len(chunks)), http.StatusAccepted); err != nil {
		return "", err
	}
	r.add(fmt.Sprintf("PUT of %d URLs, p50", min(urls, chunkURLs)), chunks.at(0.5), "ms", "")
	r.add(fmt.Sprintf("PUT of %d URLs, p99", min(urls, chunkURLs)), chunks.at(0.99), "ms", "")
	r.add("POST start", float64(time.Since(at).Microseconds())/1000, "ms", "")
	r.add(fmt.Sprintf("creation of %d URLs in all", urls), time.Since(began).Seconds(), "s", "")
	e.note("million: %d URLs handed in after %.1f s", urls, time.Since(began).Seconds())
	return job.ID(a.Job.ID), nil
}

// verify compares the end with what the site published, and recounts it all.
func verify(ctx context.Context, e *Env, r *Report, node *local.Node, last job.Snapshot, urls, hosts int) error {
	emails := 0
	for h := range hosts {
		pages := (urls - h + hosts - 1) / hosts
		emails += 1 + (pages+ownAddress-1)/ownAddress
	}
	e.note("million: recounting")
	began := time.Now()
	report, err := audit.Recount(ctx, node.Store, last.ID)
	if err != nil {
		return err
	}
	r.add("recount from the items", time.Since(began).Seconds(), "s", "")
	r.add("URLs with an outcome", float64(last.Processed), "", strconv.Itoa(urls))
	r.add("addresses", float64(last.Emails), "", strconv.Itoa(emails))
	off := func(name string, got, want int64) {
		r.most("difference in "+name, float64(max(got-want, want-got)), 0)
	}
	off("outcomes", last.Processed, int64(urls))
	off("pages with addresses", last.Outcomes[job.OutcomeFound], int64(urls))
	off("addresses", last.Emails, int64(emails))
	off("domains", last.Domains, int64(hosts))
	r.most("drift of the counters, repeated URLs", float64(len(report.Drifts)+len(report.Repeated)), 0)
	if !report.Clean() {
		e.note("million: drift %+v, repeated %v", report.Drifts, report.Repeated)
	}
	return nil
}
