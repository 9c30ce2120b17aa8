package main

import "testing"

// The thresholds of the corpus: overall, and of each form by itself.
const (
	leastOverall = 0.99
	leastForm    = 0.95
)

func TestCorpus(t *testing.T) {
	t.Parallel()
	forms, err := measureDir("../testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	var all figures
	for i := range forms {
		f := &forms[i]
		all.add(*f)
		if f.recall() < leastForm || f.precision() < leastForm {
			t.Errorf("%s: recall %.3f, precision %.3f, want %.2f of each", f.Form, f.recall(), f.precision(), leastForm)
		}
		if f.Named < f.Misnamed*19 {
			t.Errorf("%s: %d of %d found by the form labelled", f.Form, f.Named, f.Named+f.Misnamed)
		}
		for _, m := range f.Misses {
			t.Log(m)
		}
	}
	if all.Pages < 300 {
		t.Errorf("corpus has %d pages, want 300 at least", all.Pages)
	}
	if all.recall() < leastOverall || all.precision() < leastOverall {
		t.Errorf("all: recall %.3f, precision %.3f, want %.2f of each", all.recall(), all.precision(), leastOverall)
	}
}

func TestCorpusErrors(t *testing.T) {
	t.Parallel()
	if _, err := measureDir(t.TempDir()); err == nil {
		t.Error("an empty corpus was accepted")
	}
	if _, err := parse("x\nwant: a@b.de\nno body", "."); err == nil {
		t.Error("a page without a body was accepted")
	}
	if _, err := parse("x\nwish: a@b.de\n---\nbody", "."); err == nil {
		t.Error("an unknown label was accepted")
	}
}
