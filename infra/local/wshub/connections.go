package wshub

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"gleaner/shared/push"
)

// Connections serves the @connections endpoint of API Gateway, so that what runs
// on AWS can be run against this hub:
//
//	POST   /@connections/{id}   sends the body to the client
//	GET    /@connections/{id}   says since when, from where and when last
//	DELETE /@connections/{id}   closes the connection
//
// Signatures are not looked at: serve it on a loopback address, to tests. For a
// stage in the path put http.StripPrefix before it.
func (h *Hub) Connections() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /@connections/{id}", h.postConnection)
	mux.HandleFunc("GET /@connections/{id}", h.getConnection)
	mux.HandleFunc("DELETE /@connections/{id}", h.deleteConnection)
	return mux
}

func (h *Hub) postConnection(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(io.LimitReader(r.Body, push.MaxMessage+1))
	if err == nil {
		err = h.Post(r.Context(), r.PathValue("id"), data)
	}
	switch {
	case errors.Is(err, push.ErrGone):
		refuse(w, http.StatusGone, "GoneException")
	case errors.Is(err, push.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException")
	case err != nil:
		refuse(w, http.StatusBadRequest, "BadRequestException")
	}
}

func (h *Hub) getConnection(w http.ResponseWriter, r *http.Request) {
	c := h.find(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusGone, "GoneException")
		return
	}
	type identity struct {
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct { // a client that is gone by now misses nothing
		ConnectedAt  time.Time `json:"connectedAt"`
		LastActiveAt time.Time `json:"lastActiveAt"`
		Identity     identity  `json:"identity"`
	}{
		c.connectedAt.UTC(),
		time.Unix(0, c.active.Load()).UTC(),
		identity{c.sourceIP, c.userAgent},
	})
}

func (h *Hub) deleteConnection(w http.ResponseWriter, r *http.Request) {
	c := h.find(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusGone, "GoneException")
		return
	}
	_ = h.Close(r.Context(), c.id) // never fails
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers with an exception as the SDKs know it.
func refuse(w http.ResponseWriter, status int, exception string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", exception)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":`+`"`+http.StatusText(status)+`"}`)
}
