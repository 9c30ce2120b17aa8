package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"strings"
	"testing"

	"gleaner/shared/httpapi"
	"gleaner/shared/job"
)

func TestUTF8(t *testing.T) {
	for _, c := range []struct{ text, charset, want string }{
		{"bäckerei-lindhorst.de", "", "bäckerei-lindhorst.de"},
		{"b\xe4ckerei-lindhorst.de \x80", "", "bäckerei-lindhorst.de €"},
		{"b\xe4ckerei-lindhorst.de", "ISO-8859-1", "bäckerei-lindhorst.de"},
		{"\xff\xfeb\x00\xe4\x00", "", "bä"},
		{"\xfe\xff\x00b\x00\xe4", "", "bä"},
		{"b\x00\xe4\x00", "utf-16", "bä"},
		{"\x00b\x00\xe4", "UTF-16BE", "bä"},
		{"\xc3\xa4", "windows-1252", "Ã¤"}, // it was named
	} {
		got, err := httpapi.UTF8(c.text, c.charset)
		if got = strings.TrimPrefix(got, "\ufeff"); err != nil || got != c.want {
			t.Errorf("%q as %q: %q, %v", c.text, c.charset, got, err)
		}
	}
}

// Lists come as programs write them.
func TestListsInOtherForms(t *testing.T) {
	s := newSite(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("a-firma.de\nb-firma.de\n"))
	_ = z.Close()
	var a struct{ Accepted int }
	s.want(202, &a, "POST", "/jobs", packed.String(), "Content-Type", "text/plain")
	if a.Accepted != 2 {
		t.Errorf("gzip without Content-Encoding: %+v", a)
	}
	s.want(202, &a, "POST", "/jobs", "b\xe4ckerei-lindhorst.de\n", "Content-Type", "text/plain")
	s.want(202, &a, "POST", "/jobs?column=Web", "Ort;Web\nM\xfcnchen;a-firma.de\n", "Content-Type", "text/csv; charset=windows-1252")
	s.want(202, &a, "POST", "/jobs", "\xff\xfea\x00-\x00f\x00.\x00d\x00e\x00", "Content-Type", "text/plain")
	if a.Accepted != 1 {
		t.Errorf("UTF-16: %+v", a)
	}
	problem(t, s.do("POST", "/jobs", "a-firma.de", "Content-Type", "text/plain; charset=koi8-r"), 415)
	problem(t, s.do("POST", "/jobs", `{"urls":["a-firma.de"]}`, "Content-Type", "application/json; charset=windows-1252"), 415)
	problem(t, s.do("POST", "/jobs", "PK\x03\x04 and so on", "Content-Type", "text/plain"), 415)
	problem(t, s.do("POST", "/jobs", packed.String()[:20], "Content-Type", "text/plain"), 400)
}

func TestWordsNobodyKnows(t *testing.T) {
	s := newSite(t)
	var a jobAnswer
	s.want(202, &a, "POST", "/jobs", `{"urls":["a-firma.de"]}`)
	for _, c := range []struct{ method, target, field, say string }{
		{"POST", "/jobs?folow=none", "folow", "is not known"},
		{"POST", "/jobs?per_host=many", "per_host", "is not valid"},
		{"GET", "/jobs/" + string(a.Job.ID) + "/emails?kind=rolle", "kind", "is none of personal, role, free, disposable"},
		{"GET", "/jobs/" + string(a.Job.ID) + "/emails.csv?found_by=luck", "found_by", `"luck" is no way of finding; /meta lists them`},
		{"GET", "/jobs/" + string(a.Job.ID) + "/emails.csv?bom=perhaps", "bom", "is neither true nor false"},
		{"GET", "/jobs/" + string(a.Job.ID) + "/urls.xlsx?bom=true", "bom", "is for CSV only"},
	} {
		p := problem(t, s.do(c.method, c.target, "a-firma.de", "Content-Type", "text/plain"), 400)
		if len(p.Errors) != 1 || p.Errors[0].Field != c.field || p.Errors[0].Reason != c.say {
			t.Errorf("%s: %+v", c.target, p)
		}
	}
}

func TestByteOrderMark(t *testing.T) {
	s := newSite(t)
	var a jobAnswer
	s.want(202, &a, "POST", "/jobs", `{"urls":["a-firma.de"]}`)
	for target, mark := range map[string]bool{"/emails.csv?bom=true": true, "/urls.csv?bom=1": true, "/emails.csv": false, "/urls.csv?bom=false": false} {
		w := s.do("GET", "/jobs/"+string(a.Job.ID)+target, "")
		if w.Code != 200 || strings.HasPrefix(w.Body.String(), "\ufeff") != mark {
			t.Errorf("%s: %d %q", target, w.Code, w.Body)
		}
	}
}

// unreadable is a store whose lists cannot be read.
type unreadable struct{ job.Store }

func (unreadable) Addresses(context.Context, job.ID, job.AddressFilter, string, int) (job.Page[job.Address], error) {
	return job.Page[job.Address]{}, errors.New("the disk is gone")
}

// A file that cannot be begun is an error, not an empty file: nothing is sent before the first row.
func TestExportThatCannotBegin(t *testing.T) {
	s := newSite(t, func(c *httpapi.Config) { c.Store = unreadable{c.Store} })
	var a jobAnswer
	s.want(202, &a, "POST", "/jobs", `{"urls":["a-firma.de"]}`)
	for _, target := range []string{"/emails.csv", "/emails.csv?bom=true", "/emails.ndjson"} {
		problem(t, s.do("GET", "/jobs/"+string(a.Job.ID)+target, ""), 500)
	}
}
