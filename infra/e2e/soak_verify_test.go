package e2e

import (
	"context"
	"strings"
	"time"

	"gleaner/shared/job"
)

// verify compares every job with what the site saw and prints the sum.
func (s *soaking) verify(ctx context.Context) {
	var sum struct{ urls, emails, again, lost, double, ended, cancelled, deleted, crashed int }
	for _, j := range s.jobs {
		if j.deleted {
			sum.deleted++
			continue
		}
		sum.urls += len(j.urls)
		visits, err := s.in.visits(ctx, j.id)
		s.must(err)
		addresses, err := s.in.addresses(ctx, j.id)
		s.must(err)
		v := verdict{s: s, j: j, listed: map[string]bool{}, outcomes: map[string]job.Visit{}}
		v.countVisits(visits)
		v.countAddresses(addresses)
		sum.emails += len(v.listed)
		sum.lost += v.lost
		sum.double += v.double
		sum.crashed += int(j.last.Outcomes[job.OutcomeCrashed])
		if j.last.Status == job.Completed {
			sum.ended++
		} else {
			sum.cancelled++
		}
		for _, u := range j.urls {
			asked, _ := s.site.requests(u)
			if expected := len(tries(u)); asked > expected && !j.retried {
				sum.again += asked - expected
			}
		}
	}
	s.t.Logf("%d jobs (%d completed, %d cancelled or failed, %d deleted), %d URLs, %d addresses, %d crashes, %d duplicates delivered, "+
		"%d pages asked for again, %d URLs blamed for a crash, the end took %v: lost %d, double-counted %d",
		len(s.jobs), sum.ended, sum.cancelled, sum.deleted, sum.urls, sum.emails, s.crashes, s.doubled,
		sum.again, sum.crashed, s.ending.Round(time.Millisecond), sum.lost, sum.double)
	if sum.lost+sum.double > 0 {
		s.t.Errorf("lost %d, double-counted %d", sum.lost, sum.double)
	}
	if s.crashes == 0 || sum.ended == 0 {
		s.t.Errorf("%d crashes and %d jobs completed prove nothing", s.crashes, sum.ended)
	}
}

// tries are the answers a URL gives until it brings its page.
func tries(url string) []string {
	if strings.Contains(url, "/flaky/") || strings.Contains(url, "/torn/") {
		return []string{"fault", "page"}
	}
	return []string{"page"}
}

// verdict compares one job.
type verdict struct {
	s            *soaking
	j            *soakJob
	listed       map[string]bool
	outcomes     map[string]job.Visit
	lost, double int
}

func (v *verdict) miss(format string, args ...any) {
	v.lost++
	v.s.t.Errorf("job "+v.j.tag+" ("+string(v.j.last.Status)+") lost: "+format, args...)
}

func (v *verdict) twice(format string, args ...any) {
	v.double++
	v.s.t.Errorf("job "+v.j.tag+" ("+string(v.j.last.Status)+") counted twice: "+format, args...)
}

// countVisits wants each URL of the list to have one outcome, which the site's
// log bears out, and the counters to be their sum.
func (v *verdict) countVisits(visits []job.Visit) {
	whole := v.j.last.Status == job.Completed
	for _, x := range visits {
		if _, there := v.outcomes[x.URL]; there {
			v.twice("%s has two outcomes", x.URL)
		}
		v.outcomes[x.URL] = x
	}
	var counted int64
	for _, n := range v.j.last.Outcomes {
		counted += n
	}
	if whole && (v.j.last.Processed != v.j.last.Total || counted != int64(len(v.j.urls))) {
		v.twice("%d of %d processed, %d outcomes of %d URLs", v.j.last.Processed, v.j.last.Total, counted, len(v.j.urls))
	}
	for _, u := range v.j.urls {
		x, there := v.outcomes[u]
		if !there && whole {
			v.miss("%s has no outcome", u)
		}
		asked, served := v.s.site.requests(u)
		read := x.Outcome == job.OutcomeFound || x.Outcome == job.OutcomeNone
		if read && served == 0 || x.Outcome.Class() == job.ClassFailed && x.Outcome != job.OutcomeCrashed && there && asked == 0 {
			v.miss("%s ended as %s, but the site sent its page %d times in %d requests", u, x.Outcome, served, asked)
		}
	}
}

// countAddresses wants the addresses of every page that was read, none that the
// site did not send, and the counter to be their number.
func (v *verdict) countAddresses(addresses []job.Address) {
	sent := v.s.site.servedOf(v.j.tag)
	for _, a := range addresses {
		if v.listed[a.Email] {
			v.twice("%s is listed twice", a.Email)
		}
		v.listed[a.Email] = true
		if !sent[a.Email] {
			v.twice("%s was never sent", a.Email)
		}
	}
	for u, x := range v.outcomes {
		if x.Outcome != job.OutcomeFound && x.Outcome != job.OutcomeNone {
			continue
		}
		for _, a := range soakAddresses(u) {
			if !v.listed[a] {
				v.miss("%s of %s (%s)", a, u, x.Outcome)
			}
		}
	}
	if v.j.last.Emails != int64(len(v.listed)) {
		v.twice("%d addresses counted, %d listed", v.j.last.Emails, len(v.listed))
	}
}
