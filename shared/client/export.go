package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gleaner/shared/export"
	"gleaner/shared/job"
)

// AddressQuery is the filter of addresses as a query.
func AddressQuery(f job.AddressFilter) url.Values {
	q := values("q", f.Search, "domain", f.Domain, "kind", f.Kind, "found_by", f.FoundBy)
	if f.MinConfidence > 0 {
		q.Set("min_confidence", strconv.FormatFloat(f.MinConfidence, 'f', -1, 64))
	}
	if f.OwnDomain != nil {
		q.Set("own_domain", strconv.FormatBool(*f.OwnDomain))
	}
	return q
}

// VisitQuery is the filter of visits as a query.
func VisitQuery(f export.VisitFilter) url.Values {
	q := values("q", f.Search)
	for _, o := range f.Outcomes {
		q.Add("outcome", string(o))
	}
	for _, c := range f.Classes {
		q.Add("class", string(c))
	}
	return q
}

// ExportAddresses writes the addresses of a job as a file of that format. What an
// endpoint cannot send because of its size is fetched from where it says that it
// is streamed, and read page by page if there is no such place or no way there.
func (c *Client) ExportAddresses(ctx context.Context, w io.Writer, id job.ID, format export.Format, f job.AddressFilter) error {
	err := c.file(ctx, w, jobPath(id)+"/emails."+string(format), AddressQuery(f))
	if !tooLarge(err) {
		return err
	}
	return export.WriteAddresses(w, format, c.Addresses(ctx, id, f))
}

// ExportVisits does the same with all URLs of a job and their outcomes.
func (c *Client) ExportVisits(ctx context.Context, w io.Writer, id job.ID, format export.Format, f export.VisitFilter) error {
	err := c.file(ctx, w, jobPath(id)+"/urls."+string(format), VisitQuery(f))
	if !tooLarge(err) {
		return err
	}
	return export.WriteVisits(w, format, c.Visits(ctx, id, f))
}

// file copies an answer to w, or that of the place which the server says can send
// it whole. Nothing is written if the answer is no success.
func (c *Client) file(ctx context.Context, w io.Writer, path string, query url.Values) error {
	err := c.copy(ctx, w, request{method: http.MethodGet, path: path, query: query})
	stream := c.streamed(err)
	if stream == nil {
		return err
	}
	var torn *brokenOff
	other := c.copy(ctx, w, request{method: http.MethodGet, path: path, whole: stream})
	if other == nil || errors.As(other, &torn) || ctx.Err() != nil {
		return other
	}
	return err
}

func (c *Client) copy(ctx context.Context, w io.Writer, r request) error {
	res, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(w, res.Body); err != nil {
		return &brokenOff{r.path, err}
	}
	return nil
}

// streamed is where a file too large for the endpoint is streamed; nil if it does
// not say so, or the key would leave for there less guarded than for the server.
func (c *Client) streamed(err error) *url.URL {
	var e *Error
	if !tooLarge(err) || !errors.As(err, &e) || e.Stream == "" {
		return nil
	}
	u, err := url.Parse(e.Stream)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != c.base.Scheme {
		return nil
	}
	return u
}

// brokenOff says that a file is not whole.
type brokenOff struct {
	path string
	err  error
}

// Error implements error.
func (e *brokenOff) Error() string { return "the file " + e.path + " broke off: " + e.err.Error() }

// Unwrap gives the cause.
func (e *brokenOff) Unwrap() error { return e.err }

// tooLarge reports whether the endpoint cannot send the file whole: its own
// answer, or that of the gateway in front of a function that tried.
func tooLarge(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusRequestEntityTooLarge && e.is("answer-too-large")
}

// itemsPage is the largest page of addresses or visits the API gives.
const itemsPage = job.MaxPage

// Addresses yields the addresses of a job that match f. An error ends it.
func (c *Client) Addresses(ctx context.Context, id job.ID, f job.AddressFilter) iter.Seq2[*job.Address, error] {
	return items(func(cursor string) ([]job.Address, string, error) {
		var page struct {
			Emails []job.Address `json:"emails"`
			Next   string        `json:"next"`
		}
		err := c.call(ctx, paged(jobPath(id)+"/emails", AddressQuery(f), cursor), &page)
		return page.Emails, page.Next, err
	})
}

// Visits yields the visits of a job that match f. An error ends it.
func (c *Client) Visits(ctx context.Context, id job.ID, f export.VisitFilter) iter.Seq2[*job.Visit, error] {
	return items(func(cursor string) ([]job.Visit, string, error) {
		var page struct {
			URLs []job.Visit `json:"urls"`
			Next string      `json:"next"`
		}
		err := c.call(ctx, paged(jobPath(id)+"/urls", VisitQuery(f), cursor), &page)
		return page.URLs, page.Next, err
	})
}

func paged(path string, query url.Values, cursor string) request {
	query.Set("limit", strconv.Itoa(itemsPage))
	if cursor = strings.TrimSpace(cursor); cursor != "" {
		query.Set("cursor", cursor)
	}
	return request{method: http.MethodGet, path: path, query: query}
}

func items[T any](read func(cursor string) ([]T, string, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for cursor := ""; ; {
			page, next, err := read(cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}
