package crawl

import (
	"slices"

	"gleaner/shared/extract"
	"gleaner/shared/job"
)

// addresses are what a batch found, one entry for each address.
type addresses struct {
	index map[string]int
	all   []job.Address
}

func newAddresses() addresses { return addresses{index: map[string]int{}} }

func (a *addresses) len() int { return len(a.all) }

func (a *addresses) list() []job.Address { return a.all }

// keep takes over the addresses of a page that the job wants and nobody
// suppressed, and returns how many that were. r.mu is held.
func (r *run) keep(p *page, found []extract.Address) int {
	kept, v := 0, p.visit
	source := ""
	for i := range found {
		a := &found[i]
		if a.Confidence*100 < float64(r.opt.MinConfidence) || r.list.Address(a.Email) {
			continue
		}
		kept++
		if source == "" {
			source = p.u.String()
		}
		if v.emails == nil {
			v.emails = map[string]struct{}{}
		}
		v.emails[a.Email] = struct{}{}
		v.site.emails[a.Email] = struct{}{}
		r.found.add(a, source, r)
	}
	return kept
}

// add notes an address, or a further page of one that is known.
func (a *addresses) add(x *extract.Address, source string, r *run) {
	if i, ok := a.index[x.Email]; ok {
		known := &a.all[i]
		if known.SourceURL != source && len(known.Sources) < job.MaxSources && !slices.Contains(known.Sources, source) {
			known.Sources = append(known.Sources, source)
		}
		if x.Confidence > known.Confidence { // the clearest form it was found in
			known.Confidence, known.Reasons = x.Confidence, x.Reasons
			known.FoundBy, known.Kind = string(x.FoundBy), string(x.Kind)
		}
		known.OwnDomain = known.OwnDomain || x.OwnDomain
		return
	}
	raw := x.Raw
	if raw == x.Email {
		raw = ""
	}
	a.index[x.Email] = len(a.all)
	a.all = append(a.all, job.Address{
		Email: x.Email, SourceURL: source, FoundBy: string(x.FoundBy), Kind: string(x.Kind),
		Confidence: x.Confidence, Reasons: x.Reasons, Raw: raw, OwnDomain: x.OwnDomain, FirstSeen: r.now(),
	})
}
