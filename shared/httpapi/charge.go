package httpapi

import (
	"context"
	"errors"
	"net/http"

	"gleaner/shared/job"
	"gleaner/shared/quota"
	"gleaner/shared/submit"
)

// charged takes a charge off the caller's quota and does what it is for. What is
// refused costs nothing; after a fault the charge stands, for the request may have
// been done all the same, and repeating it with its Idempotency-Key is free.
func (a *api) charged(r *http.Request, c *call, charge quota.Charge, do func() error) error {
	if a.Quota == nil || charge.URLs == 0 && !charge.Starts {
		return do()
	}
	taken, err := a.Quota.Take(r.Context(), c.owner, charge)
	if err != nil {
		return err
	}
	err = do()
	if err == nil || !taken || !refused(err) {
		return err
	}
	if undo := a.Quota.Return(context.WithoutCancel(r.Context()), c.owner, charge); undo != nil {
		a.Log.WarnContext(r.Context(), "what a refused request took of a quota was not given back", "error", undo)
	}
	return err
}

// refused reports whether an error says that a request will never be done as it is.
func refused(err error) bool {
	p := problemOf(err)
	return p.Status < http.StatusInternalServerError && !errors.As(err, new(*submit.BusyError)) && !errors.Is(err, job.ErrConflict)
}

// mayStart asks the caller's quota whether one more job may run, if the job of
// the path is one that would now start.
func (a *api) mayStart(r *http.Request, c *call, starts func(*job.Job) bool) error {
	if a.Quota == nil {
		return nil
	}
	j, err := a.own(r.Context(), r, c)
	if err != nil || !starts(&j) {
		return err
	}
	_, err = a.Quota.Take(r.Context(), c.owner, quota.Charge{Starts: true})
	return err
}
