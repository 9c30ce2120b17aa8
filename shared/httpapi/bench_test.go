package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gleaner/shared/job"
)

// urlLines makes a list of n URLs over n/20 hosts, at least one.
func urlLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("https://www.firma-%d.de/unternehmen/seite-%d.html", i%max(1, n/20), i)
	}
	return lines
}

// quantiles reports p50 and p99 in milliseconds.
func quantiles(b *testing.B, times []time.Duration) {
	b.Helper()
	slices.Sort(times)
	ms := func(q float64) float64 {
		return float64(times[min(len(times)-1, int(q*float64(len(times))))].Microseconds()) / 1000
	}
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
}

// BenchmarkCreate measures POST /jobs from request to answer on SQLite, all
// durable. Each list is a new job. Run with -benchtime 200x for a steady p99.
func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		lines := urlLines(n)
		asJSON, err := json.Marshal(map[string]any{"name": "Liste", "urls": lines})
		if err != nil {
			b.Fatal(err)
		}
		for name, body := range map[string]string{"json": string(asJSON), "text": strings.Join(lines, "\n")} {
			contentType := map[string]string{"json": "application/json", "text": "text/plain"}[name]
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				s := newSite(b)
				var times []time.Duration
				b.ReportAllocs()
				for b.Loop() {
					r := request("POST", "/jobs", body, "Content-Type", contentType)
					w := httptest.NewRecorder()
					began := time.Now()
					s.api.ServeHTTP(w, r)
					times = append(times, time.Since(began))
					if w.Code != http.StatusAccepted {
						b.Fatal(w.Body)
					}
				}
				quantiles(b, times)
			})
		}
	}
}

// BenchmarkStart measures POST /jobs/{id}/start of jobs appended in chunks of
// 50,000 URLs; from 100,001 on the plan is left to a worker, whose time is plan-ms.
func BenchmarkStart(b *testing.B) {
	for _, chunks := range []int{2, 20} {
		b.Run(fmt.Sprint(chunks*50_000), func(b *testing.B) {
			s := newSite(b)
			lines := urlLines(chunks * 50_000)
			var times []time.Duration
			var planning time.Duration
			for b.Loop() {
				b.StopTimer()
				var a jobAnswer
				s.want(http.StatusCreated, &a, "POST", "/jobs", `{"open":true}`)
				base := "/jobs/" + string(a.Job.ID)
				for n, part := range slices.Collect(slices.Chunk(lines, 50_000)) {
					s.want(http.StatusOK, nil, "PUT", fmt.Sprintf("%s/chunks/%d", base, n), strings.Join(part, "\n"))
				}
				body := fmt.Sprintf(`{"chunks":%d}`, chunks)
				b.StartTimer()
				began := time.Now()
				s.want(http.StatusAccepted, &a, "POST", base+"/start", body)
				times = append(times, time.Since(began))
				b.StopTimer()
				if began = time.Now(); a.Job.Status == job.Creating {
					if err := s.submit.Plan(b.Context(), a.Job.ID); err != nil {
						b.Fatal(err)
					}
					planning += time.Since(began)
				}
				b.StartTimer()
			}
			quantiles(b, times)
			b.ReportMetric(float64(planning.Milliseconds())/float64(b.N), "plan-ms")
		})
	}
}

// BenchmarkProgress measures one poll of a job of 10,000 URLs.
func BenchmarkProgress(b *testing.B) {
	s := newSite(b)
	id := s.submitList(urlLines(10_000)...)
	s.crawl(id, func(string) job.Outcome { return job.OutcomeFound })
	var times []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		r := request("GET", "/jobs/"+string(id)+"/progress", "")
		w := httptest.NewRecorder()
		began := time.Now()
		s.api.ServeHTTP(w, r)
		times = append(times, time.Since(began))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	quantiles(b, times)
}

// BenchmarkExport measures whole exports of the 20,000 addresses of a job.
func BenchmarkExport(b *testing.B) {
	s := newSite(b)
	id := s.submitList(urlLines(20_000)...)
	s.crawl(id, func(string) job.Outcome { return job.OutcomeFound })
	for _, file := range []string{"emails.csv", "emails.ndjson", "emails.xlsx", "urls.csv"} {
		b.Run(file, func(b *testing.B) {
			for b.Loop() {
				if w := s.do("GET", "/jobs/"+string(id)+"/"+file, ""); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
