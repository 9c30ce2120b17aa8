package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

const deepTimeout = 20 * time.Second

// health answers a load balancer; with ?deep=1 it asks the doctor, for which the
// caller must be known.
func (a *api) health(w http.ResponseWriter, r *http.Request, c *call) error {
	deep, _ := strconv.ParseBool(r.URL.Query().Get("deep"))
	if !deep {
		return answer(w, http.StatusOK, map[string]string{"status": "ok", "version": a.Version})
	}
	owner, err := a.owner(r)
	if err != nil {
		return err
	}
	if c.owner = owner; a.Doctor == nil {
		return kindNotFound.problem("This endpoint has no deep health check.")
	}
	ctx, cancel := context.WithTimeout(r.Context(), deepTimeout)
	defer cancel()
	report := a.Doctor.Examine(ctx)
	status := http.StatusOK
	if report.Status == "failing" {
		status = http.StatusServiceUnavailable
	}
	return answer(w, status, report)
}
