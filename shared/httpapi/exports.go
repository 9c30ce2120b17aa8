package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"gleaner/shared/export"
)

func (a *api) exportEmails(format export.Format) handle {
	return func(w http.ResponseWriter, r *http.Request, c *call) error {
		f, err := addressFilter(r.URL.Query())
		if err != nil {
			return err
		}
		j, err := a.own(r.Context(), r, c)
		if err != nil {
			return err
		}
		return a.send(w, r, "emails", format, string(j.ID), func(ctx context.Context, out io.Writer) error {
			return export.WriteAddresses(out, format, export.Addresses(ctx, a.Store, j.ID, f))
		})
	}
}

func (a *api) exportURLs(format export.Format) handle {
	return func(w http.ResponseWriter, r *http.Request, c *call) error {
		f, err := visitFilter(r.URL.Query())
		if err != nil {
			return err
		}
		j, err := a.own(r.Context(), r, c)
		if err != nil {
			return err
		}
		return a.send(w, r, "urls", format, string(j.ID), func(ctx context.Context, out io.Writer) error {
			return export.WriteVisits(out, format, export.Visits(ctx, a.Store, j.ID, f))
		})
	}
}

// send streams a file, or buffers it where answers cannot be streamed.
func (a *api) send(w http.ResponseWriter, r *http.Request, what string, format export.Format, id string, write func(context.Context, io.Writer) error) error {
	headers := func() {
		h := w.Header()
		h.Set("Content-Type", format.ContentType())
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.%s"`, what, strings.ToLower(id), format))
	}
	if r.Method == http.MethodHead {
		headers()
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if a.MaxResponse > 0 {
		small := &bounded{limit: a.MaxResponse}
		err := write(r.Context(), small)
		if small.full {
			return a.tooBig(r, what)
		}
		if err != nil {
			return err
		}
		headers()
		w.Header().Set("Content-Length", strconv.Itoa(small.Len()))
		_, _ = w.Write(small.Bytes())
		return nil
	}
	out := &lateHeader{w: w, headers: headers}
	err := write(r.Context(), out)
	if err != nil && !out.begun {
		return err
	}
	if err != nil {
		callOf(r).fault = err
		panic(http.ErrAbortHandler) // a file cut short must not look whole
	}
	out.begin()
	return nil
}

func (a *api) tooBig(r *http.Request, what string) error {
	advice := "Read it page by page from " + r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')+1] + what + "?limit=1000 with the cursor"
	if a.StreamURL != "" {
		target := strings.TrimSuffix(a.StreamURL, "/") + r.URL.Path
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		advice += ", or fetch the whole file from " + target
	}
	return kindBigAnswer.problem(fmt.Sprintf("The file is larger than the %d bytes this endpoint can send. %s.", a.MaxResponse, advice))
}

// bounded keeps what is written up to a limit.
type bounded struct {
	bytes.Buffer
	limit int
	full  bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		b.full = true
		return 0, io.ErrShortBuffer
	}
	return b.Buffer.Write(p)
}

// lateHeader sets the headers with the first byte, so that a fault before it can
// still be answered as such.
type lateHeader struct {
	w       http.ResponseWriter
	headers func()
	begun   bool
}

func (l *lateHeader) begin() {
	if !l.begun {
		l.begun = true
		l.headers()
		l.w.WriteHeader(http.StatusOK)
	}
}

// Write implements io.Writer.
func (l *lateHeader) Write(p []byte) (int, error) {
	l.begin()
	return l.w.Write(p)
}
