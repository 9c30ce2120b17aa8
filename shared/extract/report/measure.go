package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gleaner/shared/extract"
)

// sample is one labelled page.
type sample struct {
	name string
	doc  extract.Document
	want map[string]string // address to form, "" when the form does not matter
	off  bool              // read with the decoding of deliberate obfuscation off
}

// figures count what was found in the pages of one form.
type figures struct {
	Form                    string
	Pages                   int
	Wanted, Found, Invented int
	Named, Misnamed         int // of those found whose form is labelled
	Misses                  []string
}

func (f *figures) recall() float64 { return ratio(f.Found, f.Wanted) }

func (f *figures) precision() float64 { return ratio(f.Found, f.Found+f.Invented) }

// ratio of none is one: nothing was wanted, nothing missed.
func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func (f *figures) add(o figures) {
	f.Pages += o.Pages
	f.Wanted += o.Wanted
	f.Found += o.Found
	f.Invented += o.Invented
	f.Named += o.Named
	f.Misnamed += o.Misnamed
}

// measureDir measures every file of a corpus, in the order of their names.
func measureDir(dir string) ([]figures, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("corpus %s: no *.txt files", dir)
	}
	on, off := extract.New(extract.Options{}), extract.New(extract.Options{KeepObfuscated: true})
	var all []figures
	for _, file := range files {
		samples, err := load(file)
		if err != nil {
			return nil, err
		}
		f := figures{Form: strings.TrimSuffix(filepath.Base(file), ".txt")}
		for _, s := range samples {
			if s.off {
				f.measure(off, s)
				continue
			}
			f.measure(on, s)
		}
		all = append(all, f)
	}
	return all, nil
}

// measure compares what x finds on a page with its labels.
func (f *figures) measure(x *extract.Extractor, s sample) {
	f.Pages++
	f.Wanted += len(s.want)
	got := map[string]bool{}
	for _, a := range x.Extract(s.doc) {
		got[a.Email] = true
		form, wanted := s.want[a.Email]
		switch {
		case !wanted:
			f.Invented++
			f.Misses = append(f.Misses, fmt.Sprintf("%s: %s: invented %s (%s, %q)", f.Form, s.name, a.Email, a.FoundBy, a.Raw))
			continue
		case form == "":
		case form == string(a.FoundBy):
			f.Named++
		default:
			f.Misnamed++
			f.Misses = append(f.Misses, fmt.Sprintf("%s: %s: %s found by %s, labelled %s", f.Form, s.name, a.Email, a.FoundBy, form))
		}
		f.Found++
	}
	for _, email := range sortedKeys(s.want) {
		if !got[email] {
			f.Misses = append(f.Misses, fmt.Sprintf("%s: %s: missed %s", f.Form, s.name, email))
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// load reads a file of samples.
func load(path string) ([]sample, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	text, ok := strings.CutPrefix(string(data), "=== ")
	if !ok {
		return nil, fmt.Errorf("corpus %s: does not begin with a page", path)
	}
	var out []sample
	for _, part := range strings.Split(text, "\n=== ") {
		s, err := parse(part, filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("corpus %s: %w", path, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// parse reads one page: its labels, then its body.
func parse(part, dir string) (sample, error) {
	head, body, ok := strings.Cut(part, "\n---\n")
	lines := strings.Split(head, "\n")
	s := sample{name: lines[0], want: map[string]string{}}
	if !ok {
		return s, fmt.Errorf("%s: no line --- before the body", s.name)
	}
	s.doc.Body = []byte(strings.TrimSuffix(body, "\n"))
	for _, line := range lines[1:] {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "url":
			s.doc.URL = value
		case "type":
			s.doc.ContentType = value
		case "decode":
			s.off = value == "off"
		case "want":
			i := strings.LastIndexByte(value, ' ')
			if i > strings.LastIndexByte(value, '@') {
				s.want[value[:i]] = value[i+1:]
			} else {
				s.want[value] = ""
			}
		case "file":
			data, err := os.ReadFile(filepath.Join(dir, filepath.Base(value)))
			if err != nil {
				return s, fmt.Errorf("%s: %w", s.name, err)
			}
			s.doc.Body = data
		default:
			return s, fmt.Errorf("%s: unknown label %q", s.name, key)
		}
	}
	return s, nil
}
