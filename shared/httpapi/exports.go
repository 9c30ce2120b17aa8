package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"gleaner/shared/export"
)

func (a *api) exportEmails(format export.Format) handle {
	return func(w http.ResponseWriter, r *http.Request, c *call) error {
		mark, err := byteOrderMark(r.URL.Query(), format)
		if err != nil {
			return err
		}
		f, err := addressFilter(r.URL.Query(), "bom")
		if err != nil {
			return err
		}
		j, err := a.own(r.Context(), r, c)
		if err != nil {
			return err
		}
		if a.elsewhere(r) {
			p, err := a.Store.Progress(r.Context(), j.ID)
			if err != nil {
				return err
			}
			if p.Counters.Emails > maxWhole {
				return a.tooBig(r, "emails")
			}
		}
		return a.send(w, r, "emails", format, string(j.ID), func(ctx context.Context, out io.Writer) error {
			out = behind(mark, out)
			return export.WriteAddresses(out, format, export.Addresses(ctx, a.Store, j.ID, f))
		})
	}
}

func (a *api) exportURLs(format export.Format) handle {
	return func(w http.ResponseWriter, r *http.Request, c *call) error {
		mark, err := byteOrderMark(r.URL.Query(), format)
		if err != nil {
			return err
		}
		f, err := visitFilter(r.URL.Query(), "bom")
		if err != nil {
			return err
		}
		j, err := a.own(r.Context(), r, c)
		if err != nil {
			return err
		}
		if a.elsewhere(r) && j.URLs > maxWhole {
			return a.tooBig(r, "urls")
		}
		return a.send(w, r, "urls", format, string(j.ID), func(ctx context.Context, out io.Writer) error {
			out = behind(mark, out)
			return export.WriteVisits(out, format, export.Visits(ctx, a.Store, j.ID, f))
		})
	}
}

// byteOrderMark is what a CSV file for a spreadsheet begins with: Excel takes it
// for Windows-1252 otherwise. It is only there for who asks, since most programs
// would take it for a part of the first heading.
func byteOrderMark(query url.Values, format export.Format) (string, error) {
	text := query.Get("bom")
	if text == "" {
		return "", nil
	}
	wanted, err := strconv.ParseBool(text)
	switch {
	case err != nil:
		return "", parameterError("bom", "is neither true nor false")
	case wanted && format != export.CSV:
		return "", parameterError("bom", "is for CSV only")
	case wanted:
		return "\ufeff", nil
	}
	return "", nil
}

// behind writes to out, and the mark before the first of it: an answer does not
// begin before there is something to say, which may be that it failed.
func behind(mark string, out io.Writer) io.Writer {
	if mark == "" {
		return out
	}
	return &marked{out, mark}
}

type marked struct {
	out  io.Writer
	mark string
}

// Write implements io.Writer.
func (m *marked) Write(p []byte) (int, error) {
	if m.mark != "" {
		if _, err := io.WriteString(m.out, m.mark); err != nil {
			return 0, err
		}
		m.mark = ""
	}
	return m.out.Write(p)
}

// maxWhole is the size of a list from which on nobody is kept waiting for a file
// that is buffered if there is an endpoint which streams: also what a filter
// leaves little of takes as long as the list is, and a gateway gives up on it.
const maxWhole = 20_000

// elsewhere reports whether a file can be had in full elsewhere, but not here.
func (a *api) elsewhere(r *http.Request) bool {
	return a.MaxResponse > 0 && a.StreamURL != "" && r.Method != http.MethodHead
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
	silence := time.AfterFunc(a.Limits.FirstByte, out.begin)
	err := write(r.Context(), out)
	silence.Stop()
	begun := out.end(err == nil)
	if err != nil && !begun {
		return err
	}
	if err != nil {
		callOf(r).fault = err
		panic(http.ErrAbortHandler) // a file cut short must not look whole
	}
	return nil
}

func (a *api) tooBig(r *http.Request, what string) error {
	advice := "Read it page by page from " + r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')+1] + what + "?limit=1000 with the cursor"
	target := ""
	if a.StreamURL != "" {
		target = strings.TrimSuffix(a.StreamURL, "/") + r.URL.Path
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		advice += ", or fetch the whole file from " + target
	}
	p := kindBigAnswer.problem(fmt.Sprintf("The file is larger than this endpoint can send (%d bytes). %s.", a.MaxResponse, advice))
	p.Stream = target
	return p
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
// still be answered as such, or when nothing has been found for so long that a
// client might take the silence for a fault.
type lateHeader struct {
	w       http.ResponseWriter
	headers func()

	mu           sync.Mutex
	begun, ended bool
}

// begin sends the headers, and what may still lie in a buffer behind them, unless
// the answer has ended.
func (l *lateHeader) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.send()
	_ = http.NewResponseController(l.w).Flush() // where it cannot, it streams anyway
}

func (l *lateHeader) send() {
	if !l.begun {
		l.begun = true
		l.headers()
		l.w.WriteHeader(http.StatusOK)
	}
}

// Write implements io.Writer.
func (l *lateHeader) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.send()
	return l.w.Write(p)
}

// end keeps a header from being sent later, sends that of an empty file if it is
// whole, and reports whether there is one.
func (l *lateHeader) end(whole bool) (begun bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if whole {
		l.send()
	}
	l.ended = true
	return l.begun
}
