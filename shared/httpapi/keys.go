package httpapi

import "net/http"

func (a *api) keys(w http.ResponseWriter, r *http.Request, c *call) error {
	keys, err := a.Keys.List(r.Context(), c.owner)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"keys": keys})
}

func (a *api) createKey(w http.ResponseWriter, r *http.Request, c *call) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := a.readJSON(r, &in); err != nil {
		return err
	}
	k, secret, err := a.Keys.Create(r.Context(), c.owner, in.Name)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, map[string]any{"key": k, "secret": secret})
}

func (a *api) revokeKey(w http.ResponseWriter, r *http.Request, c *call) error {
	if err := a.Keys.Revoke(r.Context(), c.owner, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readJSON reads a small JSON body.
func (a *api) readJSON(r *http.Request, v any) error {
	b, err := a.readBody(r)
	if err != nil {
		return err
	}
	if b.mediaType != "" && b.mediaType != "application/json" {
		return kindMediaType.problem("Send application/json. With curl: -H 'Content-Type: application/json'")
	}
	if b.text == "" {
		return kindSyntax.problem("The body is empty: a JSON object is needed.")
	}
	return decodeJSON(b.text, v)
}
