package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

func addressFilter(query url.Values, more ...string) (job.AddressFilter, error) {
	f := job.AddressFilter{
		Search: query.Get("q"), Domain: query.Get("domain"), Kind: query.Get("kind"), FoundBy: query.Get("found_by"),
	}
	if err := known(query, append(more, "q", "domain", "kind", "found_by", "min_confidence", "own_domain")...); err != nil {
		return f, err
	}
	if f.Kind != "" && !slices.Contains(addressKinds, f.Kind) {
		return f, parameterError("kind", "is none of "+strings.Join(addressKinds, ", "))
	}
	if f.FoundBy != "" && !slices.Contains(foundBy, f.FoundBy) {
		return f, parameterError("found_by", strconv.Quote(clip(f.FoundBy))+" is no way of finding; /meta lists them")
	}
	if text := query.Get("min_confidence"); text != "" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			return f, parameterError("min_confidence", "is not a number between 0 and 1")
		}
		f.MinConfidence = n
	}
	if text := query.Get("own_domain"); text != "" {
		own, err := strconv.ParseBool(text)
		if err != nil {
			return f, parameterError("own_domain", "is neither true nor false")
		}
		f.OwnDomain = &own
	}
	return f, nil
}

func visitFilter(query url.Values, more ...string) (export.VisitFilter, error) {
	f := export.VisitFilter{Search: query.Get("q")}
	if err := known(query, append(more, "q", "outcome", "class")...); err != nil {
		return f, err
	}
	for _, name := range words(query["outcome"]) {
		o := job.Outcome(name)
		if !o.Known() {
			return f, parameterError("outcome", strconv.Quote(clip(name))+" is no outcome; /meta lists them")
		}
		f.Outcomes = append(f.Outcomes, o)
	}
	for _, name := range words(query["class"]) {
		switch class := job.Class(name); class {
		case job.ClassOK, job.ClassRefused, job.ClassFailed:
			f.Classes = append(f.Classes, class)
		default:
			return f, parameterError("class", "is none of ok, refused, failed")
		}
	}
	return f, nil
}

// words splits the values of a parameter that may be given several times or
// with commas.
func words(values []string) []string {
	var all []string
	for _, v := range values {
		for word := range strings.SplitSeq(v, ",") {
			if word = strings.TrimSpace(word); word != "" {
				all = append(all, word)
			}
		}
	}
	return all
}

func (a *api) emails(w http.ResponseWriter, r *http.Request, c *call) error {
	query := r.URL.Query()
	f, err := addressFilter(query, "cursor", "limit")
	if err != nil {
		return err
	}
	limit, err := limitOf(query, defaultItems, maxItems)
	if err != nil {
		return err
	}
	j, err := a.own(r.Context(), r, c)
	if err != nil {
		return err
	}
	page, err := a.Store.Addresses(r.Context(), j.ID, f, query.Get("cursor"), limit)
	if err != nil {
		return err
	}
	if page.Items == nil {
		page.Items = []job.Address{}
	}
	return answer(w, http.StatusOK, map[string]any{"emails": page.Items, "next": page.Next})
}

func (a *api) urls(w http.ResponseWriter, r *http.Request, c *call) error {
	f, err := visitFilter(r.URL.Query(), "cursor", "limit")
	if err != nil {
		return err
	}
	return a.visits(w, r, c, "urls", f)
}

func (a *api) failures(w http.ResponseWriter, r *http.Request, c *call) error {
	f, err := visitFilter(r.URL.Query(), "cursor", "limit")
	if err != nil {
		return err
	}
	if len(f.Classes) == 0 {
		f.Classes = []job.Class{job.ClassFailed, job.ClassRefused}
	}
	return a.visits(w, r, c, "failures", f)
}

func (a *api) visits(w http.ResponseWriter, r *http.Request, c *call, name string, f export.VisitFilter) error {
	query := r.URL.Query()
	limit, err := limitOf(query, defaultItems, maxItems)
	if err != nil {
		return err
	}
	j, err := a.own(r.Context(), r, c)
	if err != nil {
		return err
	}
	page, err := export.VisitPage(r.Context(), a.Store, j.ID, f, query.Get("cursor"), limit)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{name: page.Items, "next": page.Next})
}
