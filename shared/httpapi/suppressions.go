package httpapi

import (
	"net/http"

	"gleaner/shared/suppress"
)

// maxFaults is how many faulty lines an answer lists.
const maxFaults = 100

func (a *api) suppressions(w http.ResponseWriter, r *http.Request, c *call) error {
	query := r.URL.Query()
	if err := known(query, "cursor", "limit"); err != nil {
		return err
	}
	limit, err := limitOf(query, defaultItems, maxItems)
	if err != nil {
		return err
	}
	entries, next, err := suppress.Entries(r.Context(), a.Records, c.owner, query.Get("cursor"), limit)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"entries": entries, "next": next})
}

func (a *api) suppress(w http.ResponseWriter, r *http.Request, c *call) error {
	b, err := a.readBody(r)
	if err != nil {
		return err
	}
	in := struct {
		Text string `json:"text"`
	}{Text: b.text}
	if b.mediaType != "text/plain" {
		if err := decodeJSON(b.text, &in); err != nil {
			return err
		}
	}
	entries, faults := suppress.Parse(in.Text)
	if err := suppress.Add(r.Context(), a.Records, c.owner, entries...); err != nil {
		return err
	}
	if faults == nil {
		faults = []suppress.LineError{}
	}
	return answer(w, http.StatusOK, map[string]any{
		"added": len(entries), "rejected_count": len(faults), "rejected": faults[:min(len(faults), maxFaults)],
	})
}

func (a *api) unsuppress(w http.ResponseWriter, r *http.Request, c *call) error {
	e, err := suppress.ParseEntry(r.URL.Query().Get("entry"))
	if err != nil {
		return parameterError("entry", err.Error())
	}
	if err := suppress.Remove(r.Context(), a.Records, c.owner, e); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
