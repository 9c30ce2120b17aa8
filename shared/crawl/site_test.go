package crawl_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gleaner/shared/crawl"
	"gleaner/shared/crawl/crawltest"
	"gleaner/shared/job"
)

// copies is how many hosts have each behaviour: some hundreds of hosts in all.
const copies = 3

type expectation struct {
	behaviour crawltest.Behaviour
	host      *crawltest.Host
	outcome   job.Outcome
}

// tableSite starts a host for each copy of each behaviour, and lists its pages.
func tableSite(t testing.TB, copies int) (*crawltest.Site, []job.Target, map[string]expectation) {
	t.Helper()
	site := crawltest.New(t)
	site.Point("inside.hidden-network.de", netip.MustParseAddr("192.168.1.1"))
	var targets []job.Target
	want := map[string]expectation{}
	add := func(url string, guessed bool, e expectation) {
		targets = append(targets, job.Target{URL: url, Guessed: guessed})
		want[url] = e
	}
	for i := range copies {
		for _, b := range crawltest.Behaviours() {
			h := site.Host(fmt.Sprintf("%s-%d.de", b.Name, i), b.Scheme, b.Handler(site))
			url := h.URL("/page")
			if b.Guessed {
				url = "https://" + h.Authority() + "/page"
			}
			add(url, b.Guessed, expectation{b, h, b.Want})
			for path, outcome := range b.Paths {
				add(h.URL(path), false, expectation{b, h, outcome})
			}
		}
		lost := fmt.Sprintf("nobody-%d.de", i)
		add("https://"+lost+"/", true, expectation{outcome: job.OutcomeDNS})
		add(fmt.Sprintf("http://servfail-%d.de/", i), false, expectation{outcome: job.OutcomeDNSTemp})
		closed := fmt.Sprintf("closed-port-%d.de", i)
		site.Point(closed, netip.MustParseAddr("127.1.250.1"))
		add("http://"+closed+":9/", false, expectation{outcome: job.OutcomeConnect})
		add("https://"+closed+":9/guess", true, expectation{outcome: job.OutcomeConnect})
		add("http://127.0.0.1:80/", false, expectation{outcome: job.OutcomeBlocked})
		add("ftp://somewhere.de/", false, expectation{outcome: job.OutcomeInvalid})
		add("http://u:p@somewhere.de/", false, expectation{outcome: job.OutcomeInvalid})
	}
	return site, targets, want
}

func tableConfig(cfg *crawl.Config) {
	cfg.Fetch.FirstByteTimeout = crawltest.FirstByte
	cfg.Fetch.IdleTimeout = crawltest.Idle
	cfg.Fetch.TotalTimeout = crawltest.Total
	cfg.Fetch.MaxBody = 2 << 20
	cfg.Retry.Extra = 10_000
}

func TestEveryBehaviourEndsWithItsOutcome(t *testing.T) {
	site, targets, want := tableSite(t, copies)
	c := newCrawler(t, site, tableConfig)
	const perHost = 2
	opt := job.Options{PerHost: perHost, Follow: job.FollowNone}
	began := time.Now()
	res, err := c.Crawl(t.Context(), crawl.Request{Job: job.Job{Options: opt}, Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d targets on %d hosts in %v", len(targets), len(site.Hosts()), time.Since(began).Round(time.Millisecond))
	if len(res.Visits) != len(targets) || len(res.Remainder) != 0 {
		t.Errorf("%d visits and %d left of %d targets", len(res.Visits), len(res.Remainder), len(targets))
	}
	pages := 0
	for _, v := range res.Visits {
		pages += v.Pages
		if !v.Outcome.Known() {
			t.Errorf("%s: %q is not on the list", v.URL, v.Outcome)
		}
	}
	if pages != res.Pages {
		t.Errorf("%d pages in all, %d by visit", res.Pages, pages)
	}
	found := map[string]bool{}
	for _, a := range res.Addresses {
		found[a.Email] = true
	}
	for i, v := range res.Visits {
		e := want[v.URL]
		if v.URL != targets[i].URL {
			t.Fatalf("visit %d is of %s, want %s", i, v.URL, targets[i].URL)
		}
		if v.Outcome != e.outcome {
			t.Errorf("%s: %s (%s, status %d), want %s", v.URL, v.Outcome, v.Detail, v.Status, e.outcome)
		}
		if len(v.Detail) > 200 {
			t.Errorf("%s: detail of %d bytes", v.URL, len(v.Detail))
		}
		if e.outcome != job.OutcomeFound {
			continue
		}
		address := e.behaviour.Address
		if address == "" {
			address = crawltest.AddressOf(e.host.Name)
		}
		if !found[address] {
			t.Errorf("%s: %s was not found", v.URL, address)
		}
	}
	for _, h := range site.Hosts() {
		if n := h.Log.Busiest(); n > perHost {
			t.Errorf("%s: %d requests at once, %d allowed", h, n, perHost)
		}
		if most, _ := h.Log.Connections(); most > perHost {
			t.Errorf("%s: %d connections at once, %d allowed", h, most, perHost)
		}
	}
	checkDetails(t, want, res.Visits)
}

// checkDetails looks at what is peculiar to some behaviours. A host that a busy
// machine kept from answering in time says nothing about gaps: it was asked, and
// noticed it later.
func checkDetails(t *testing.T, want map[string]expectation, visits []job.Visit) {
	t.Helper()
	late := map[*crawltest.Host]bool{}
	for _, v := range visits {
		if v.Attempts > 1 {
			late[want[v.URL].host] = true
		}
	}
	for _, e := range want {
		if e.host == nil {
			continue
		}
		switch e.behaviour.Name {
		case "delay":
			if gap := e.host.Log.Gap(); gap < 300*time.Millisecond && !late[e.host] {
				t.Errorf("%s: a gap of %v, the site wants 300 ms", e.host, gap)
			}
		case "limitedonce":
			var pages []time.Time
			for _, r := range e.host.Log.Requests() {
				if r.Path == "/page" {
					pages = append(pages, r.At)
				}
			}
			if len(pages) != 2 || pages[1].Sub(pages[0]) < time.Second {
				t.Errorf("%s: asked again after %v, it wanted a second", e.host, pages)
			}
		case "resting": // those under way when it said so may have been asked
			if n := len(e.host.Log.Requests()); n > 3 {
				t.Errorf("%s: %d requests to a host that wants to be left alone", e.host, n)
			}
		case "closed", "closedtous", "robotsbroken", "robotsmoved":
			for _, r := range e.host.Log.Requests() {
				if r.Path == "/page" {
					t.Errorf("%s: disallowed page fetched", e.host)
				}
			}
		case "http2":
			if !slices.ContainsFunc(e.host.Log.Requests(), func(r crawltest.Entry) bool { return r.Proto == "HTTP/2.0" }) {
				t.Errorf("%s: no HTTP/2", e.host)
			}
		}
	}
}
