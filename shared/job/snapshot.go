package job

import (
	"math"
	"time"
)

// Snapshot is what a job page shows, in polls, pushes and event streams alike.
// It is bounded: well under the 32 KB of one WebSocket frame.
type Snapshot struct {
	ID         ID      `json:"id"`
	Name       string  `json:"name,omitempty"`
	Status     Status  `json:"status"`
	Reason     string  `json:"reason,omitempty"`
	Version    int64   `json:"version"` // never goes backwards
	URLs       int64   `json:"urls"`    // distinct URLs of the job
	Hosts      int64   `json:"hosts"`
	Duplicates int64   `json:"duplicates"`
	Rejected   int64   `json:"rejected"`
	Total      int64   `json:"total"`     // outcomes there will be, retries included
	Processed  int64   `json:"processed"` // outcomes there are; at most Total
	Pages      int64   `json:"pages"`
	Bytes      int64   `json:"bytes"`
	Emails     int64   `json:"emails"`
	Domains    int64   `json:"domains"`
	Active     int64   `json:"active_workers"`
	Workers    int64   `json:"planned_workers"`
	Rate       float64 `json:"rate"`                  // outcomes per second of ElapsedMS
	ETA        *int64  `json:"eta_seconds,omitempty"` // at that rate; absent while unknown
	ElapsedMS  int64   `json:"elapsed_ms"`            // time the job was running, pauses left out

	Outcomes map[Outcome]int64 `json:"outcomes"`
	Recent   []RecentAddress   `json:"recent,omitempty"`
	History  []Change          `json:"history,omitempty"`

	CreatedAt  time.Time `json:"created_at"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	UpdatedAt  time.Time `json:"updated_at,omitzero"`
	ServerTime time.Time `json:"server_time"`
}

// RecentAddress is a newly found address in a Snapshot.
type RecentAddress struct {
	Email      string    `json:"email"`
	SourceURL  string    `json:"source_url"`
	Kind       string    `json:"kind"`
	Confidence float64   `json:"confidence"`
	FirstSeen  time.Time `json:"first_seen"`
}

// snapshotHistory is how many of the last status changes a snapshot carries.
const snapshotHistory = 20

// Snapshot derives what is shown at now.
func (p Progress) Snapshot(now time.Time) Snapshot {
	j, c := &p.Job, &p.Counters
	s := Snapshot{
		ID: j.ID, Name: j.Name, Status: j.Status, Reason: j.Reason, Version: p.Version(),
		URLs: int64(j.URLs), Hosts: int64(j.Hosts), Duplicates: int64(j.Duplicates), Rejected: int64(j.Rejected),
		Total: p.Total(), Processed: c.Processed, Pages: c.Pages, Bytes: c.Bytes,
		Emails: c.Emails, Domains: c.Domains, Active: c.Active, Workers: int64(j.Workers),
		Outcomes: c.Outcomes, History: j.History[max(0, len(j.History)-snapshotHistory):],
		CreatedAt: j.CreatedAt, StartedAt: j.StartedAt, FinishedAt: j.FinishedAt, UpdatedAt: c.UpdatedAt,
		ServerTime: now,
	}
	for i := range c.Recent {
		a := &c.Recent[i]
		s.Recent = append(s.Recent, RecentAddress{a.Email, a.SourceURL, a.Kind, a.Confidence, a.FirstSeen})
	}
	if j.StartedAt.IsZero() {
		return s
	}
	end := now
	if j.Status.Final() && !j.FinishedAt.IsZero() {
		end = j.FinishedAt
	}
	elapsed := j.running(end)
	s.ElapsedMS = elapsed.Milliseconds()
	if secs := elapsed.Seconds(); secs > 0 {
		s.Rate = math.Round(float64(c.Processed)/secs*100) / 100
	}
	if j.Status == Running && s.Rate > 0 {
		eta := int64(math.Ceil(float64(s.Total-s.Processed) / s.Rate))
		s.ETA = &eta
	}
	return s
}

// running is how long the job has been RUNNING up to end, as its history tells.
func (j *Job) running(end time.Time) time.Duration {
	var total time.Duration
	for i := range j.History {
		if j.History[i].Status != Running {
			continue
		}
		until := end
		if i+1 < len(j.History) {
			until = j.History[i+1].At
		}
		total += max(until.Sub(j.History[i].At), 0)
	}
	return total
}
